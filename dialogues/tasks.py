from . import reminding_tasks  # noqa: F401
