"""The function: the HTTP application that answers from the current release, on Lambda or uvicorn.

The threads are limited here because FAISS and NumPy read the variable once, when they are
imported, and every module of this package is imported after this one.
"""

from lambda_search.settings import limit_threads

limit_threads()
