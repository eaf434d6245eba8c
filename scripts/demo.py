"""``./run demo``: the whole way of four exhibits, told step by step, on this machine.

It starts a notary, deposits the files, waits until they are anchored, takes the bundles, deletes
the notary with all its data, verifies offline, then changes one byte and verifies again.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from demo_files import make_exhibits
from processes import BIN, running_notary
from zhenglian import Client

OUTPUT = Path("demo-output")
console = Console(highlight=False)


def step(number: int, english: str, chinese: str) -> None:
    console.print(f"\n[bold]{number}  {english}[/bold]  {chinese}")


@contextmanager
def upload_bar(exhibit: Path) -> Iterator[Progress]:
    columns = [TextColumn("   {task.description}"), BarColumn(), DownloadColumn()]
    if exhibit.stat().st_size > 2**20:  # A smaller file is gone before its speed can be told.
        columns.append(TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        progress.add_task(exhibit.name)
        yield progress


def deposit(client: Client, exhibit: Path) -> str:
    """The exhibit is acknowledged; returns its stream id."""
    with upload_bar(exhibit) as progress:
        task = progress.task_ids[0]
        deposited = client.deposit_file(
            exhibit,
            source="made by ./run demo",
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    for digest in deposited.digests:
        console.print(f"      {digest}")
    return deposited.stream


def verify(bundle: Path, exhibit: Path, *, show: bool) -> int:
    """Runs the offline verifier as its own program; returns its exit code."""
    trust_root = OUTPUT / "trust.json"
    command = [
        BIN / "verifier",
        "verify",
        bundle,
        exhibit,
        "--trust-root",
        trust_root,
        "--lang",
        "en",
    ]
    finished = subprocess.run(command, check=False, capture_output=not show)
    return finished.returncode


def flip_byte(source: Path, target: Path, position: int) -> None:
    """``target`` is a copy of ``source`` with the lowest bit of one byte changed."""
    shutil.copyfile(source, target)
    with target.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def expect(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise SystemExit(
            f"The demo failed: {what}: the verifier's exit code was {found}, not {wanted}."
        )
    console.print(f"   {what}: exit code {found}, as expected")


def main() -> None:
    started = time.monotonic()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    exhibits = make_exhibits(OUTPUT / "exhibits")
    console.print(
        "[bold]Zhenglian 证链[/bold]: deposit, anchor, verify offline   存证 — 上链 — 离线核验"
    )
    console.print(
        "Sandbox 沙箱: one chain node and a demo timestamp authority on this machine"
        " are not independent evidence."
    )

    with tempfile.TemporaryDirectory(prefix="zhenglian-demo-") as directory:
        data_dir = Path(directory)
        step(1, "Start a notary with its own embedded chain", "启动存证服务")
        with running_notary(data_dir, log=OUTPUT / "notary.log") as url, Client(url) as client:
            console.print(f"   ready at {url} after {time.monotonic() - started:.1f} s")

            step(2, "Deposit four files", "存证四个文件")
            streams = [deposit(client, exhibit) for exhibit in exhibits]

            step(3, "Wait until the chain has accepted the log", "等待上链")
            waiting = time.monotonic()
            for stream in streams:
                client.wait_until_anchored(stream, timeout_s=60)
            console.print(
                f"   all anchored {time.monotonic() - waiting:.2f} s after the last acknowledgement"
            )

            step(4, "Take the bundles and the trust root", "下载证据包与信任根")
            bundles = []
            for exhibit, stream in zip(exhibits, streams, strict=True):
                bundle = OUTPUT / f"{exhibit.stem}.evidence.json"
                bundle.write_bytes(client.bundle(stream))
                bundles.append(bundle)
                console.print(f"   {bundle}  {bundle.stat().st_size:,} bytes")
            (OUTPUT / "trust.json").write_bytes(client.trust_root())

        step(
            5,
            "Stop the notary and delete its database, chain and blobs",
            "停止服务并删除其全部数据",
        )
    console.print("   from here on only the files in demo-output/ are left")

    step(6, "Verify offline", "离线核验")
    for bundle, exhibit in zip(bundles, exhibits, strict=True):
        expect(verify(bundle, exhibit, show=exhibit is exhibits[0]), 0, f"{exhibit.name} matches")

    step(7, "Change one byte and verify again", "改动一个字节后再核验")
    altered = OUTPUT / f"altered-{exhibits[0].name}"
    flip_byte(exhibits[0], altered, exhibits[0].stat().st_size // 2)
    expect(verify(bundles[0], altered, show=True), 1, "one bit of the photo changed")
    altered = OUTPUT / "altered.evidence.json"
    flip_byte(bundles[1], altered, bundles[1].stat().st_size // 2)
    expect(verify(altered, exhibits[1], show=False), 1, "one bit of a bundle changed")

    console.print(
        f"\nDone in {time.monotonic() - started:.0f} s. Look at demo-output/, and try it by hand:"
    )
    console.print(
        f"  ./run verifier verify '{bundles[2]}' '{exhibits[2]}' --trust-root {OUTPUT}/trust.json"
    )


if __name__ == "__main__":
    main()
