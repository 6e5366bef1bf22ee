package servertest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

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
