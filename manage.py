#!/usr/bin/env python
"""Runs a management command on the desk's database, starting the embedded one when none is given or running."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatchdesk.settings")
    from django.core.management import execute_from_command_line

    from dispatchdesk.runtime.bootstrap import command_database
    from dispatchdesk.runtime.environment import SettingError

    try:
        with command_database(sys.argv):
            execute_from_command_line(sys.argv)
    except SettingError as error:
        error.leave()


if __name__ == "__main__":
    main()
