// SPDX-License-Identifier: Apache-2.0

//! tokio's server: one task for each client, all on one thread.
//!
//! ```text
//! server_tokio echo|line|sink
//! ```

use std::{env, io, process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const BUFFER_BYTES: usize = 64 * 1024;
const LINE_BYTES: usize = 1024;

#[derive(Clone, Copy)]
enum Protocol {
    Echo,
    Line,
    Sink,
}

async fn echo(mut client: TcpStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    while client.read_buf(&mut buffer).await? > 0 {
        client.write_all(&buffer).await?;
        buffer.clear();
    }
    Ok(())
}

async fn answer_lines(client: TcpStream) -> io::Result<()> {
    let mut client = BufReader::with_capacity(LINE_BYTES, client);
    let mut line = Vec::with_capacity(LINE_BYTES);
    while client.read_until(b'\n', &mut line).await? > 0 {
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        line.push(b'\n');
        client.write_all(&line).await?;
        line.clear();
    }
    Ok(())
}

async fn sink(mut client: TcpStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    let mut count = 0;
    while client.read_buf(&mut buffer).await? > 0 {
        count += buffer.len();
        buffer.clear();
    }
    client.write_all(format!("{count}\n").as_bytes()).await
}

async fn serve(protocol: Protocol) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening pid={} port={}", process::id(), listener.local_addr()?.port());
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        client.set_nodelay(true)?;
        tokio::spawn(async move {
            match protocol {
                Protocol::Echo => echo(client).await,
                Protocol::Line => answer_lines(client).await,
                Protocol::Sink => sink(client).await,
            }
        });
    }
}

fn main() -> io::Result<()> {
    let protocol = match env::args().last().as_deref() {
        Some("echo") => Protocol::Echo,
        Some("line") => Protocol::Line,
        Some("sink") => Protocol::Sink,
        _ => {
            eprintln!("usage: server_tokio echo|line|sink");
            process::exit(2);
        }
    };
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(serve(protocol))
}
