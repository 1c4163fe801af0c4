"""A server on loopback that speaks the Hub's protocol, with faults on demand.

What it speaks is a table of routes; a module that adds to it is imported here.
"""

from . import reading, writing, xet
from .server import NAME, READ_TOKEN, TOKEN, HubServer, error_reply, json_reply, route
from .state import Commit, Repo
from .wire import Fault, Reply, Request

__all__ = [
    "NAME",
    "READ_TOKEN",
    "TOKEN",
    "Commit",
    "Fault",
    "HubServer",
    "Reply",
    "Repo",
    "Request",
    "error_reply",
    "json_reply",
    "reading",
    "route",
    "writing",
    "xet",
]
