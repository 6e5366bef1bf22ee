package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"lanyard"
)

// hashParams make a hash cost about 26 ms and 19 MiB (OWASP's recommendation for argon2id).
var hashParams = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const (
	maxWaiting  = 32               // in line for the hasher
	longestLine = 10 * time.Second // and how long one stands there
)

// hasher hashes passwords, a few at a time: half of the processors at most, so that a flood of sign-ins makes signing in
// slow and nothing else.
type hasher struct {
	working chan struct{} // holds one for each hash in progress
	line    chan struct{} // holds one for each that is in progress or waits
	nobody  func() (string, error)
	compare func(password, hash string) (bool, error) // [argon2id.ComparePasswordAndHash]; a test counts
}

func newHasher() *hasher {
	workers := max(1, runtime.GOMAXPROCS(0)/2)
	return &hasher{
		working: make(chan struct{}, workers), line: make(chan struct{}, workers+maxWaiting),
		compare: argon2id.ComparePasswordAndHash,
		nobody:  sync.OnceValues(func() (string, error) { return argon2id.CreateHash(rand.Text(), &hashParams) }),
	}
}

// turn does something when its turn has come. Rate_limited when the line is too long.
func (h *hasher) turn(ctx context.Context, do func() error) error {
	select {
	case h.line <- struct{}{}:
		defer func() { <-h.line }()
	default:
		return busy()
	}
	wait := time.NewTimer(longestLine)
	defer wait.Stop()
	select {
	case h.working <- struct{}{}:
		defer func() { <-h.working }()
		return do()
	case <-wait.C:
		return busy()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func busy() error {
	e := lanyard.Errorf(lanyard.CodeRateLimited, "Many people are signing in at this moment. Try again in a few seconds.")
	e.RetryAfter = 5 * time.Second
	return e
}

func (h *hasher) hash(ctx context.Context, password lanyard.Secret) (hash lanyard.Secret, err error) {
	err = h.turn(ctx, func() error {
		text, err := argon2id.CreateHash(password.Reveal(), &hashParams)
		hash = lanyard.NewSecret(text)
		return err
	})
	return hash, err
}

func (h *hasher) matches(ctx context.Context, password, hash lanyard.Secret) (ok bool, err error) {
	if len(password.Reveal()) > maxPasswordBytes {
		return false, h.pretend(ctx, lanyard.Secret{}) // nobody's
	}
	err = h.turn(ctx, func() (err error) {
		if ok, err = h.compare(password.Reveal(), hash.Reveal()); err != nil {
			return errors.New("a stored password hash cannot be read") // without the hash
		}
		return nil
	})
	return ok, err
}

// pretend takes as long as matches does.
func (h *hasher) pretend(ctx context.Context, password lanyard.Secret) error {
	if len(password.Reveal()) > maxPasswordBytes {
		password = lanyard.Secret{}
	}
	return h.turn(ctx, func() error {
		nobody, err := h.nobody()
		if err != nil {
			return fmt.Errorf("make a hash that is nobody's: %w", err)
		}
		_, err = h.compare(password.Reveal(), nobody)
		return err
	})
}
