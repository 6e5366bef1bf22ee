package egress

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	maxChunkLine     = 4 << 10
	maxChunkOverhead = 16 << 10 // chunk extensions of one body; nobody needs any
)

var errChunk = errors.New("malformed chunk")

type bodyKind uint8

const (
	noBody      bodyKind = iota
	sizedBody            // Content-Length
	chunkedBody          // Transfer-Encoding: chunked
	openBody             // until the server closes
)

// decoder gives the bytes of one body. It stands on the inbox alone, so that it can be tested without a connection.
type decoder struct {
	in   *inbox
	kind bodyKind
	keep bool          // the connection can carry another request after this body
	idle time.Duration // how long the server keeps it then; negative: unknown

	left     int64 // of the body, or of the current chunk
	begun    bool  // a chunk was read, and its line end is due
	overhead int
	trailer  http.Header // of a chunked body, once read to its end
}

// read gives the next bytes of the body. The end is io.EOF, and comes together with the last bytes whenever that needs
// no waiting; a body cut short is io.ErrUnexpectedEOF.
func (d *decoder) read(p []byte) (n int, err error) {
	switch d.kind {
	case noBody:
		return 0, io.EOF
	case openBody:
		return d.in.read(p)
	case sizedBody:
		if n, err = d.in.read(p[:min(int64(len(p)), d.left)]); err == nil {
			if d.left -= int64(n); d.left == 0 {
				d.kind, err = noBody, io.EOF
			}
			return n, err
		}
	case chunkedBody:
		n, err = d.readChunks(p)
		if err == nil || d.kind == noBody {
			return n, err
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readChunks fills p from as many chunks as are buffered, waiting only for the first byte (RFC 9112 §7.1).
func (d *decoder) readChunks(p []byte) (n int, err error) {
	for {
		if d.left == 0 {
			if err := d.nextChunk(n > 0); err != nil {
				if err == errHeld && n > 0 {
					err = nil
				}
				return n, err
			}
		}
		if n == len(p) || n > 0 && d.in.r == d.in.w {
			return n, nil
		}
		m, err := d.in.read(p[n:min(int64(len(p)), int64(n)+d.left)])
		n += m
		d.left -= int64(m)
		if err != nil {
			return n, err
		}
	}
}

// nextChunk goes on to the next chunk, or past the last one and its trailer, which is io.EOF. With buffered set it
// does not wait: errHeld means that the next chunk is not all there, and then nothing was consumed.
func (d *decoder) nextChunk(buffered bool) error {
	mark, held := d.in.r, d.in.hold
	d.in.hold = held || buffered
	size, overhead, trailer, err := d.chunkHead()
	d.in.hold = held
	if err == errHeld {
		d.in.r = mark
	}
	if err != nil {
		return err
	}
	if d.overhead += overhead; d.overhead > maxChunkOverhead {
		return errChunk
	}
	d.left, d.begun = size, true
	if size == 0 {
		d.kind, d.trailer = noBody, trailer
		return io.EOF
	}
	return nil
}

func (d *decoder) chunkHead() (size int64, overhead int, trailer http.Header, err error) {
	if d.begun {
		if _, err := d.in.line(len("\r\n")); err != nil {
			return 0, 0, nil, err
		}
	}
	line, err := d.in.line(maxChunkLine)
	if err != nil {
		return 0, 0, nil, err
	}
	digits := 0
	for ; digits < len(line); digits++ {
		v := hexValue(line[digits])
		if v < 0 {
			break
		}
		if size >= 1<<56 {
			return 0, 0, nil, errChunk
		}
		size = size<<4 | int64(v)
	}
	// Extensions mean nothing to us, and some servers pad the size with blanks; anything else is not a chunk.
	rest := line[digits:]
	if digits == 0 || digits > 15 || len(rest) > 0 && rest[0] != ';' && !blank(rest) || !validValue(string(rest)) {
		return 0, 0, nil, errChunk
	}
	if size > 0 {
		return size, len(rest), nil, nil
	}
	lines, count, err := d.in.section("", maxHead)
	if err != nil || count == 0 {
		return 0, len(rest), nil, err
	}
	trailer, err = parseFields(lines, count)
	for name := range trailer {
		if framingField(name) {
			return 0, 0, nil, errChunk
		}
	}
	return 0, len(rest), trailer, err
}

// drain discards what of the body is buffered and reports whether that was all of it.
func (d *decoder) drain() bool {
	d.in.hold = true
	defer func() { d.in.hold = false }()
	var scratch [512]byte
	for {
		if _, err := d.read(scratch[:]); err != nil {
			return err == io.EOF && d.kind == noBody
		}
	}
}

func blank(s []byte) bool {
	for _, c := range s {
		if c != ' ' && c != '\t' {
			return false
		}
	}
	return true
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
