"""``./run serve``: a notary and a verifier on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading
from pathlib import Path

from processes import ServiceFailedError, running_notary, running_verifier


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run serve", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".data"), help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=8080, help="of the notary; default: %(default)s"
    )
    parser.add_argument("--verifier-port", type=int, default=8081, help="default: %(default)s")
    options = parser.parse_args()

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    options.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        serve(options, stop)
    except ServiceFailedError as error:
        if not stop.is_set():  # Ctrl-C reaches the services too, maybe before they are ready.
            raise SystemExit(str(error)) from error


def serve(options: argparse.Namespace, stop: threading.Event) -> None:
    """Both services run until ``stop`` is set."""
    with contextlib.ExitStack() as stack:
        notary = stack.enter_context(
            running_notary(options.data_dir, port=options.port, log=options.data_dir / "notary.log")
        )
        verifier = stack.enter_context(
            running_verifier(
                options.data_dir / "trust.json",
                port=options.verifier_port,
                log=options.data_dir / "verifier.log",
            )
        )
        print(f"Deposit evidence 存证:  {notary}/")
        print(f"Verify evidence 核验:   {verifier}/")
        print(f"API description:        {notary}/openapi.json")
        print(f"Data and logging:       {options.data_dir.resolve()}")
        print("Sandbox 沙箱: one chain node and a demo timestamp authority on this machine.")
        print("Stop with Ctrl-C.", flush=True)
        stop.wait()
        print("\nStopping ...", flush=True)


if __name__ == "__main__":
    main()
