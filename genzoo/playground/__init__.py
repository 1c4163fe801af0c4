"""The playground: a page that runs the zoo's graphs in the browser, a server for it, and the same as a static site.

It imports neither torch nor a library of its own: the page brings what it runs on.
"""
