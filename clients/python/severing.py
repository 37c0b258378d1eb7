"""A TCP proxy on this machine that cuts its first connection after a whole request was read, if it is to."""

import re
import socket
import threading
from urllib.parse import urlsplit

RETRY = re.compile(rb"\r\nx-stainless-retry-count: *(\d+)\r\n", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Severing:
    """Passes on what comes; `moment` is called with the server's side of the first connection, and then that is cut."""

    def __init__(self, url, moment=None):
        self.server = (urlsplit(url).hostname, urlsplit(url).port)
        self.moment = moment
        self.heard = []
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for side in [self.listener, *self.open]:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # Its other end has gone already.
            side.close()

    def retry_counts(self):
        """What each request said of itself: 0, and 1 or more where it was sent again."""
        return [int(count) for heard in self.heard for count in RETRY.findall(heard)]

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # All is over.
            server = socket.create_connection(self.server)
            heard = bytearray()
            self.heard.append(heard)
            cut = self.moment is not None and len(self.heard) == 1
            if not cut:
                self.open += [client, server]
                threading.Thread(target=pass_on, args=(server, client), daemon=True).start()
            job = (self.sever, (client, server, heard)) if cut else (pass_on, (client, server, heard))
            threading.Thread(target=job[0], args=job[1], daemon=True).start()

    def sever(self, client, server, heard):
        with client, server:
            while not is_whole(heard):
                heard += client.recv(65536)
            server.sendall(heard)
            self.moment(server)


def pass_on(source, target, heard=None):
    try:
        while data := source.recv(65536):
            if heard is not None:
                heard += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The other side has gone; who waits for an answer sees that.


def is_whole(request):
    head, end, body = bytes(request).partition(b"\r\n\r\n")
    length = LENGTH.search(head + b"\r\n")
    return bool(end and length and len(body) >= int(length[1]))
