"""Asks one HTTPS server twice on one connection, with Python's own ssl and http.client."""
import http.client
import socket
import ssl
import sys

name, port, root = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=root)
connection = http.client.HTTPSConnection(name, port, timeout=20)
# The name is resolved here: not every system knows *.localhost.
plain = socket.create_connection(("127.0.0.1", port), timeout=20)
connection.sock = context.wrap_socket(plain, server_hostname=name)
for _ in range(2):
    connection.request("GET", "/hello")
    answer = connection.getresponse()
    print(answer.status, answer.read().decode().strip())
connection.close()
