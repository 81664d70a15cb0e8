"""The hash of passwords that the tests use: the real one, made quick."""

from django.contrib.auth.hashers import ScryptPasswordHasher


class QuickScrypt(ScryptPasswordHasher):
    """Scrypt with next to no work. A server with the portal's own settings can check what it made, too."""

    work_factor = 2
    parallelism = 1
