package servertest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// rawRequest sends bytes as they are, for requests that no client would send, and reads one answer.
func rawRequest(t testing.TB, l *servertest.Lanyard, request string) *servertest.Answer {
	t.Helper()
	all := rawRequests(t, l, request)
	if len(all) == 0 {
		t.Fatalf("no answer to %q", request)
	}
	return all[0]
}

// rawRequests reads every answer until the server closes the connection, as the last request should ask it to.
func rawRequests(t testing.TB, l *servertest.Lanyard, request string) []*servertest.Answer {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var all []*servertest.Answer
	for r := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: body})
	}
}

func TestG15_Smuggling(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", evil.Open.URL, hostOf(t, evil.URL), "X-Api-Key", "header"), someKey)
	auth := "Host: x\r\nAuthorization: Bearer " + l.Key + "\r\n"
	smuggled := "GET /v1/proxy/acme/smuggled HTTP/1.1\r\n" + auth + "Connection: close\r\n\r\n"
	for _, c := range []struct{ name, head, body string }{
		{"both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
		{"both lengths, the other way round", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "3\r\nabc\r\n0\r\n\r\n"},
		{"chunked, identity", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"},
		{"identity, chunked", "Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"},
		{"identity", "Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "abc"},
		{"two encodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"},
		{"chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
		{"unknown encoding", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"},
		{"vertical tab", "Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"},
		{"two lengths", "Content-Length: 3\r\nContent-Length: 5\r\n", "abcde"},
		{"length as a list", "Content-Length: 3, 3\r\n", "abc"},
		{"signed length", "Content-Length: +3\r\n", "abc"},
		{"negative length", "Content-Length: -1\r\n", ""},
		{"hexadecimal length", "Content-Length: 0x3\r\n", "abc"},
		{"blank before the colon", "Content-Length : 3\r\n", "abc"},
		{"folded line", "X-Folded: a\r\n Content-Length: 3\r\n", "abc"},
		{"folded length", "Content-Length:\r\n 3\r\n", "abc"},
		{"folded encoding", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"},
		{"bare LF", "X-Bare: a\nContent-Length: 3\r\n", "abc"},
		{"bare LF at the end of the head", "Content-Length: 3\r\nX-Bare: a\n\n", "abc"},
		{"bare CR", "X-Bare: a\rContent-Length: 3\r\n", "abc"},
		{"NUL", "X-Nul: a\x00b\r\n", ""},
		{"bare LF in a chunk", "Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"},
		{"chunk size with a sign", "Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"},
		{"chunk without its end", "Transfer-Encoding: chunked\r\n", "3\r\nabcX0\r\n\r\n"},
	} {
		t.Run("G15 "+c.name, func(t *testing.T) {
			before := len(evil.Open.Requests())
			answers := rawRequests(t, l, "POST /v1/proxy/acme/first HTTP/1.1\r\n"+auth+c.head+"\r\n"+c.body+smuggled)
			var st []int
			for _, a := range answers {
				st = append(st, a.Status)
			}
			for _, r := range evil.Open.Requests()[before:] {
				t.Logf("%v up: %s %s %v %q", st, r.Method, r.URI, r.Header, r.Body)
			}
			t.Logf("%v", st)
		})
	}
}
