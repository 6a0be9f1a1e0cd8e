// SPDX-License-Identifier: Apache-2.0

// Go's server: one goroutine for each client, on one processor, as the others.
//
//	server_go [--batch] echo|line|sink
//
// With --batch it gathers the answers to lines until it has to wait for more.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
)

const (
	bufferBytes = 64 * 1024
	lineBytes   = 1024
)

func echo(client net.Conn) {
	defer client.Close()
	buffer := make([]byte, bufferBytes)
	for {
		size, err := client.Read(buffer)
		if err != nil {
			return
		}
		if _, err = client.Write(buffer[:size]); err != nil {
			return
		}
	}
}

// What was written leaves before its reader waits.
type flushing struct {
	from net.Conn
	out  *bufio.Writer
}

func (f flushing) Read(into []byte) (int, error) {
	if err := f.out.Flush(); err != nil {
		return 0, err
	}
	return f.from.Read(into)
}

func answerLinesTogether(client net.Conn) {
	defer client.Close()
	writer := bufio.NewWriterSize(client, lineBytes)
	answerEach(bufio.NewReaderSize(flushing{client, writer}, lineBytes), writer)
	writer.Flush()
}

func answerLines(client net.Conn) {
	defer client.Close()
	answerEach(bufio.NewReaderSize(client, lineBytes), client)
}

func answerEach(reader *bufio.Reader, writer io.Writer) {
	answer := make([]byte, 0, lineBytes+1)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil && len(line) == 0 {
			return
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		answer = append(append(answer[:0], line...), '\n')
		if _, failed := writer.Write(answer); failed != nil || err != nil {
			return
		}
	}
}

func sink(client net.Conn) {
	defer client.Close()
	buffer := make([]byte, bufferBytes)
	count := 0
	for {
		size, err := client.Read(buffer)
		count += size
		if err != nil {
			break
		}
	}
	fmt.Fprintf(client, "%d\n", count)
}

func main() {
	servants := map[string]func(net.Conn){"echo": echo, "line": answerLines, "sink": sink}
	servant, known := servants[os.Args[len(os.Args)-1]]
	if !known {
		fmt.Fprintf(os.Stderr, "usage: %s echo|line|sink\n", os.Args[0])
		os.Exit(2)
	}
	if len(os.Args) == 3 && os.Args[1] == "--batch" {
		servants["line"] = answerLinesTogether
		servant = servants[os.Args[2]]
	}
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening pid=%d port=%d\n", os.Getpid(), listener.Addr().(*net.TCPAddr).Port)
	for {
		client, err := listener.Accept()
		if err == nil {
			go servant(client)
		}
	}
}
