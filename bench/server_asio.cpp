/* SPDX-License-Identifier: Apache-2.0 */
/* Asio's server, with the coroutines of C++20: one for each client.
 *
 *     server_asio echo|line|sink */
#include "bench/server.h"

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <csignal>
#include <memory>
#include <string>

using asio::awaitable;
using asio::ip::tcp;

/* Results instead of exceptions for what is the end of every connection. */
constexpr auto use_result = asio::experimental::as_tuple(asio::use_awaitable);

enum { BUFFER_BYTES = 64 * 1024 };

static awaitable<void> echo(tcp::socket client)
{
    std::unique_ptr<char[]> buffer(new char[BUFFER_BYTES]);

    for (;;) {
        auto [error, size] = co_await client.async_read_some(asio::buffer(buffer.get(), BUFFER_BYTES), use_result);

        if (error)
            co_return;
        auto [failed, written] = co_await asio::async_write(client, asio::buffer(buffer.get(), size), use_result);

        if (failed)
            co_return;
    }
}

static awaitable<void> answer_lines(tcp::socket client)
{
    std::string bytes;
    auto buffer = asio::dynamic_buffer(bytes, SERVER_LINE_BYTES);

    for (;;) {
        auto [error, size] = co_await asio::async_read_until(client, buffer, '\n', use_result);

        if (error && (error != asio::error::eof || bytes.empty()))
            co_return;
        size = error ? bytes.size() : size - 1;
        size_t end = size > 0 && bytes[size - 1] == '\r' ? size - 1 : size;
        std::string answer = bytes.substr(0, end) + '\n';

        buffer.consume(error ? size : size + 1);
        auto [failed, written] = co_await asio::async_write(client, asio::buffer(answer), use_result);

        if (failed || error)
            co_return;
    }
}

static awaitable<void> sink(tcp::socket client)
{
    std::unique_ptr<char[]> buffer(new char[BUFFER_BYTES]);
    unsigned long long count = 0;

    for (;;) {
        auto [error, size] = co_await client.async_read_some(asio::buffer(buffer.get(), BUFFER_BYTES), use_result);

        count += size;
        if (error)
            break;
    }
    std::string text = std::to_string(count) + '\n';

    (void)co_await asio::async_write(client, asio::buffer(text), use_result);
}

static awaitable<void> serve(tcp::acceptor listener, server_protocol protocol)
{
    awaitable<void> (*const servants[])(tcp::socket) = {echo, answer_lines, sink};

    for (;;) {
        auto [error, client] = co_await listener.async_accept(use_result);

        if (error)
            continue;
        client.set_option(tcp::no_delay(true), error);
        asio::co_spawn(listener.get_executor(), servants[protocol](std::move(client)), asio::detached);
    }
}

int main(int argc, char **argv)
{
    server_protocol protocol = server_protocol_of(argc, argv);
    asio::io_context context(1);
    tcp::acceptor listener(context, {asio::ip::address_v4::loopback(), 0});

    std::signal(SIGPIPE, SIG_IGN);
    server_announce(listener.local_endpoint().port());
    asio::co_spawn(context, serve(std::move(listener), protocol), asio::detached);
    context.run();
}
