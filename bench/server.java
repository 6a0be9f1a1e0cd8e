// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * Java's server: a selector on one thread, one buffer for all reads; written at once, and what that left when there is
 * room. Lines that came together are answered together.
 *
 * <pre>server_java echo|line|sink</pre>
 */
final class Server {
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int LINE_BYTES = 1024;
    private static final int BACKLOG = 4096;

    /** One connection. */
    private static final class Client {
        final SocketChannel channel;
        final SelectionKey key;
        /** What the socket had no room for; no more is read before it has left. */
        ByteBuffer behind;
        /** The beginning of a line whose end has not come. */
        byte[] line;
        boolean isEnding;
        long count;

        Client(SocketChannel channel, Selector selector) throws IOException {
            this.channel = channel;
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            key = channel.register(selector, SelectionKey.OP_READ, this);
        }
    }

    private final String protocol;
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuffer answers = ByteBuffer.allocateDirect(BUFFER_BYTES + LINE_BYTES + 1);

    private Server(String protocol) {
        this.protocol = protocol;
    }

    private static void close(Client gone) {
        try {
            gone.channel.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }

    private static void write(Client to, ByteBuffer bytes) throws IOException {
        to.channel.write(bytes);
        if (bytes.hasRemaining()) {
            to.behind = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
            to.key.interestOps(SelectionKey.OP_WRITE);
        }
    }

    private static void writeBehind(Client to) throws IOException {
        to.channel.write(to.behind);
        if (to.behind.hasRemaining()) {
            return;
        }
        to.behind = null;
        if (to.isEnding) {
            close(to);
        } else {
            to.key.interestOps(SelectionKey.OP_READ);
        }
    }

    /** Puts the bytes of a line and an LF among the answers, without a CR at its end. */
    private void answer(byte[] begin, ByteBuffer rest) {
        if (begin != null) {
            answers.put(begin);
        }
        answers.put(rest);
        int end = answers.position();
        if (end > 0 && answers.get(end - 1) == '\r') {
            answers.position(end - 1);
        }
        answers.put((byte) '\n');
    }

    private void answerLines(Client to) throws IOException {
        int from = in.position();
        int end = in.limit();
        answers.clear();
        for (int i = from; i < end; i++) {
            if (in.get(i) == '\n') {
                answer(to.line, in.slice(from, i - from));
                to.line = null;
                from = i + 1;
            }
        }
        if (from < end) {
            int kept = to.line == null ? 0 : to.line.length;
            byte[] line = new byte[kept + end - from];
            if (line.length >= LINE_BYTES) {
                close(to);
                return;
            }
            if (kept > 0) {
                System.arraycopy(to.line, 0, line, 0, kept);
            }
            in.get(from, line, kept, end - from);
            to.line = line;
        }
        if (answers.position() > 0) {
            write(to, answers.flip());
        }
    }

    /** The client has said everything. */
    private void finish(Client with) throws IOException {
        with.isEnding = true;
        if (protocol.equals("sink")) {
            write(with, ByteBuffer.wrap((with.count + "\n").getBytes(StandardCharsets.US_ASCII)));
        } else if (with.line != null) {
            answers.clear();
            answers.put(with.line).put((byte) '\n');
            write(with, answers.flip());
        }
        if (with.behind == null) {
            close(with);
        }
    }

    private void read(Client from) throws IOException {
        in.clear();
        int size = from.channel.read(in);
        if (size < 0) {
            finish(from);
            return;
        }
        from.count += size;
        in.flip();
        switch (protocol) {
            case "echo" -> write(from, in);
            case "line" -> answerLines(from);
            default -> { }
        }
    }

    private static void accept(ServerSocketChannel listener, Selector selector) {
        try {
            for (SocketChannel made = listener.accept(); made != null; made = listener.accept()) {
                new Client(made, selector);
            }
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    private void onReady(SelectionKey key) {
        if (key.channel() instanceof ServerSocketChannel listener) {
            accept(listener, key.selector());
            return;
        }
        Client client = (Client) key.attachment();
        try {
            if (client.behind != null) {
                writeBehind(client);
            } else {
                read(client);
            }
        } catch (IOException e) {
            close(client);
        }
    }

    private void serve() throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        System.out.printf("listening pid=%d port=%d%n", ProcessHandle.current().pid(), listener.socket().getLocalPort());
        while (true) {
            selector.select(this::onReady);
        }
    }

    public static void main(String[] arguments) throws IOException {
        String protocol = arguments.length == 1 ? arguments[0] : "";
        if (!protocol.matches("echo|line|sink")) {
            System.err.println("usage: server_java echo|line|sink");
            System.exit(2);
        }
        new Server(protocol).serve();
    }
}
