"""Gives obstore the credentials of a function that starts from a snapshot."""

import tempfile
from collections.abc import MutableMapping
from pathlib import Path

_URL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105  # a variable's name
_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105


def put_token_in_file(environment: MutableMapping[str, str]) -> None:
    """Lambda names the place of the credentials and puts the token to read it into a variable.

    obstore renews credentials from there by itself, but only knows the variable that names a file
    with the token. https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """
    if {_URL, _TOKEN} <= environment.keys():
        # Only its owner may read such a file. It takes the place of the one before a restore.
        with tempfile.NamedTemporaryFile("w", encoding="ascii", delete=False) as file:
            file.write(environment[_TOKEN])
        name = Path(tempfile.gettempdir()) / "marketplace-search-token"
        environment[_TOKEN_FILE] = str(Path(file.name).replace(name))
