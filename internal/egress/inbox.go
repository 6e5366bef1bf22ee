package egress

import (
	"bytes"
	"errors"
	"io"
)

const inboxSize = 4 << 10

var (
	errNotHTTP  = errors.New("the answer is not HTTP/1")
	errBareLF   = errors.New("a line of the answer does not end in CR LF")
	errTooLarge = errors.New("the head of the answer is too large")
	errHeld     = errors.New("nothing more is buffered")
)

// inbox holds what arrived on a connection and was not consumed yet. Unlike a bufio.Reader it can say what is there,
// refuse to wait for more, and grow around a long head.
type inbox struct {
	src  io.Reader
	buf  []byte // buf[r:w] is unread
	r, w int
	err  error // of src; once set nothing more is read
	got  bool  // a byte arrived since the flag was last cleared
	hold bool  // fail with errHeld rather than wait for src
}

// clean reports whether everything that arrived was consumed and src may be read again.
func (b *inbox) clean() bool { return b.r == b.w && b.err == nil }

// fill waits for at least one more byte.
func (b *inbox) fill() error {
	switch {
	case b.hold:
		return errHeld
	case b.err != nil:
		return b.err
	case b.r == b.w:
		b.r, b.w = 0, 0
	case b.r > 0 && b.w == len(b.buf):
		b.r, b.w = 0, copy(b.buf, b.buf[b.r:b.w])
	}
	if b.w == len(b.buf) {
		b.buf = append(b.buf, make([]byte, max(inboxSize, len(b.buf)))...)
	}
	n, err := b.receive(b.buf[b.w:])
	b.w += n
	return err
}

// receive reads from src until there is a byte or an error, never both: an error that came with bytes is kept for the
// next call.
func (b *inbox) receive(p []byte) (int, error) {
	for range 100 {
		if b.err != nil {
			return 0, b.err
		}
		n, err := b.src.Read(p)
		b.err = err
		if n > 0 {
			b.got = true
			return n, nil
		}
	}
	b.err = io.ErrNoProgress
	return 0, b.err
}

// read gives what is buffered, or what arrives next; large reads pass the buffer by.
func (b *inbox) read(p []byte) (int, error) {
	if b.r == b.w {
		if !b.hold && len(p) >= inboxSize {
			return b.receive(p)
		}
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.buf[b.r:b.w])
	b.r += n
	return n, nil
}

// line consumes one line of at most limit bytes, CR LF included, and gives it without them. It is valid until the
// next call.
func (b *inbox) line(limit int) ([]byte, error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(b.buf[b.r+seen:b.w], '\n'); i >= 0 {
			end := b.r + seen + i
			if end-b.r >= limit {
				return nil, errTooLarge
			}
			if end == b.r || b.buf[end-1] != '\r' {
				return nil, errBareLF
			}
			line := b.buf[b.r : end-1]
			b.r = end + 1
			return line, nil
		}
		if seen = b.w - b.r; seen >= limit {
			return nil, errTooLarge
		}
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
}

// section consumes lines up to and with the empty one, at most limit bytes, and gives them without the last line end,
// with their number. What does not begin with prefix, or has a line that ends in a bare LF, is refused as soon as it
// arrives, for no end may ever come. (RFC 9112 §2.2 would let us accept a bare LF, and parsers that do so disagree about
// where a message ends.)
func (b *inbox) section(prefix string, limit int) (lines string, count int, err error) {
	for start, seen := 0, 0; ; {
		if n := min(len(prefix), b.w-b.r); string(b.buf[b.r:b.r+n]) != prefix[:n] {
			return "", 0, errNotHTTP
		}
		if i := bytes.IndexByte(b.buf[b.r+seen:b.w], '\n'); i >= 0 {
			end := seen + i // of the line that begins at start, both counted from b.r
			if end == start || b.buf[b.r+end-1] != '\r' {
				return "", 0, errBareLF
			}
			if end >= limit {
				return "", 0, errTooLarge
			}
			if end == start+1 {
				lines = string(b.buf[b.r : b.r+max(0, start-2)])
				b.r += end + 1
				return lines, count, nil
			}
			start, seen = end+1, end+1
			count++
			continue
		}
		if seen = b.w - b.r; seen >= limit {
			return "", 0, errTooLarge
		}
		if err := b.fill(); err != nil {
			return "", 0, err
		}
	}
}

// trim gives back the memory that a long head took.
func (b *inbox) trim() {
	if b.r == b.w && len(b.buf) > inboxSize {
		b.buf, b.r, b.w = make([]byte, inboxSize), 0, 0
	}
}
