"""The function: the HTTP application that answers from the current release, on Lambda or uvicorn.

The threads are limited here because FAISS and NumPy read the variable once, when they are
imported, and every module of this package is imported after this one. So are the allocator's
arenas, because it settles how many there may be once there are several threads.
"""

from lambda_search.memory import share_arenas
from lambda_search.settings import limit_threads

limit_threads()
share_arenas()
