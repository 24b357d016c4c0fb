"""``python -m backlit`` is the command `backlit`."""

from backlit.cli import main

if __name__ == "__main__":
    main()
