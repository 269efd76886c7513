"""``python -m survey.cli`` is ``survey``."""

from survey.cli.entry import main

if __name__ == "__main__":
    main()
