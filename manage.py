#!/usr/bin/env python
"""Django's command line; where no servers are configured it starts the embedded ones first."""

import os
import sys

# Commands that never ask the database; everything else gets servers.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compilemessages",
    "demo",  # starts them itself, once it knows that it may
    "help",
    "makemessages",
    "move_clock",
    "version",
    "--help",
    "--version",
}
# Commands that exist only in demo mode, and so may switch it on; not on a production machine, which has a SECRET_KEY.
DEMO_COMMANDS = {"demo", "move_clock"}


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
    if sys.argv[1:2] and sys.argv[1] in DEMO_COMMANDS and "SECRET_KEY" not in os.environ:
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("DEMO", "1")
    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_SERVERS:
        from jarfalla import embedded

        embedded.provide_servers()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
