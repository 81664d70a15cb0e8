#!/usr/bin/env python
"""Django's command line; `manage.py up` starts the whole portal."""

import os
import sys


def main() -> int:
    """Settle the environment, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "platform_mark.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.stderr.write(
            "Django ist hier nicht installiert. Bitte „make run“ oder .venv/bin/python manage.py benutzen.\n"
        )
        return 1

    from platform_mark import quickstart

    try:
        quickstart.hand_over(sys.argv)
        execute_from_command_line(sys.argv)
    except quickstart.Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Das Portal startet so nicht: {error}\n")
        return 1
    except quickstart.Stopped:
        return 0
    finally:
        quickstart.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
