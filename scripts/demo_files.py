"""Makes the exhibits of the demo: a picture, a PDF, a file of a video's size, a Chinese-named file.

The picture is shipped beside this module. The large file is a ChaCha20 key stream: it has the size
of a video, does not compress, and is the same on every machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

LARGE_FILE_BYTES = 200 * 2**20
_BLOCK_BYTES = 4 * 2**20

_RECEIPT = """\
Purchase record (demo)
Order 2026-0117-0042
Item: phone case, pattern "paper crane"
Seller: shop 1182 on platform P
Price: CNY 39.00
"""

_ORDER_NOTE = """\
订单编号:2026-0117-0042
商品:手机壳(纸鹤图案)
收到日期:2026-01-19
说明:开箱过程另有录像。
"""


def make_exhibits(directory: Path) -> list[Path]:
    """The four exhibits exist below ``directory``; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    photo = directory / "market-stall.jpg"
    shutil.copyfile(Path(__file__).with_name("market-stall.jpg"), photo)
    receipt = directory / "purchase-record.pdf"
    receipt.write_bytes(one_page_pdf(_RECEIPT.splitlines()))
    note = directory / "购买记录.txt"
    note.write_text(_ORDER_NOTE, encoding="utf-8")
    large = directory / "unboxing-video.bin"
    write_key_stream(large, LARGE_FILE_BYTES)
    return [photo, receipt, note, large]


def write_key_stream(path: Path, size_bytes: int) -> None:
    """``path`` holds ``size_bytes`` of incompressible, reproducible content."""
    stream = Cipher(ChaCha20(bytes(32), bytes(16)), mode=None).encryptor()
    zeros = bytes(_BLOCK_BYTES)
    with path.open("wb") as file:
        for start in range(0, size_bytes, _BLOCK_BYTES):
            file.write(stream.update(zeros[: min(_BLOCK_BYTES, size_bytes - start)]))


def one_page_pdf(lines: list[str]) -> bytes:
    """A PDF 1.4 file with ``lines`` of Latin text on one A4 page."""
    escaped = [line.translate({0x28: r"\(", 0x29: r"\)", 0x5C: r"\\"}) for line in lines]
    text = " T* ".join(f"({line}) Tj" for line in escaped)
    content = f"BT /F1 14 Tf 20 TL 72 770 Td {text} ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    output = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    output += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
    )
    return bytes(output)
