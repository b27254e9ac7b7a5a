"""``python -m tuneflow`` is ``tuneflow``."""

from tuneflow.cli.app import main

if __name__ == "__main__":
    main()
