# SPDX-License-Identifier: Apache-2.0
"""What a counted server is asked: client.py echo|tls1.2|tls1.3 PORT N. N round trips of 64 bytes on one connection, or N
connections, each a full handshake, the question, and the end."""
import socket
import ssl
import sys

BYTES = 64


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection, size):
    got = b""
    while len(got) < size:
        more = connection.recv(size - len(got))
        if not more:
            sys.exit("the server has ended the connection")
        got += more
    return got


def echo(port, count):
    with connect(port) as connection:
        for number in range(count):
            text = str(number).encode().rjust(BYTES, b".")
            connection.sendall(text)
            if receive(connection, BYTES) != text:
                sys.exit("other bytes came back")


def shake_hands(version, port, count):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    question = b"Please enter your name\n"
    for _ in range(count):
        with context.wrap_socket(connect(port)) as connection:
            if receive(connection, len(question)) != question:
                sys.exit("another question")


what, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if what == "echo":
    echo(port, count)
else:
    shake_hands({"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}[what], port, count)
