package egress

import (
	"io"
	"strconv"
	"sync"
)

// upload sends the body of a request while the answer is already being waited for, or read: a server may answer before
// it has the whole body, or send back what it gets.
type upload struct {
	done chan struct{} // closed when no more is written and the body is closed
	err  error         // readable once done is closed
}

// chunkFrame is the room for a chunk's size line: up to six digits, CR LF.
const chunkFrame = 8

var uploadBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// startUpload sends body on c, in chunks if size is negative, and calls sent when all is written. A body that fails
// breaks the connection, so that the server sees a request that never ended, and who waits for the answer stops.
func startUpload(c *conn, body io.ReadCloser, size int64, sent func()) *upload {
	u := &upload{done: make(chan struct{})}
	go func() {
		buf := uploadBuffers.Get().(*[32 << 10]byte)
		defer uploadBuffers.Put(buf)
		if size < 0 {
			u.err = sendChunks(c.wire, body, buf[:])
		} else {
			u.err = sendSized(c.wire, body, size, buf[:])
		}
		if u.err == nil {
			sent()
		}
		_ = body.Close()
		close(u.done)
		if isSourceError(u.err) {
			c.abort()
		}
	}()
	return u
}

// state reports whether all was sent; err is what stopped it otherwise. Both are zero while it goes on.
func (u *upload) state() (sent bool, err error) {
	select {
	case <-u.done:
		return u.err == nil, u.err
	default:
		return false, nil
	}
}

func sendSized(w io.Writer, body io.Reader, left int64, buf []byte) error {
	for left > 0 {
		n, err := body.Read(buf[:min(int64(len(buf)), left)])
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			left -= int64(n)
		}
		if err != nil && (left > 0 || err != io.EOF) {
			return bodyError(err)
		}
	}
	return expectEnd(body)
}

// sendChunks passes each piece on as it comes, for somebody may be waiting for it.
func sendChunks(w io.Writer, body io.Reader, buf []byte) error {
	room := buf[chunkFrame : len(buf)-2]
	for {
		n, err := body.Read(room)
		if n > 0 {
			var digits [chunkFrame]byte
			size := append(strconv.AppendUint(digits[:0], uint64(n), 16), '\r', '\n')
			start := chunkFrame - len(size)
			copy(buf[start:], size)
			end := copy(buf[chunkFrame+n:], "\r\n") + chunkFrame + n
			if _, err := w.Write(buf[start:end]); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF:
			_, err := io.WriteString(w, "0\r\n\r\n")
			return err
		default:
			return bodyError(err)
		}
	}
}
