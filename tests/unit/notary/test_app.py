import subprocess
import sys

HEAVY = ("web3", "eth", "eth_account", "trie", "playwright", "vyper")


def test_the_application_is_imported_without_the_chain_engine() -> None:
    program = f"import sys, notary.app; print([m for m in {HEAVY!r} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert loaded.stdout.decode().strip() == "[]"
