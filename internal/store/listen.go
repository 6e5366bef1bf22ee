package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// heartbeat is how often a silent connection is tried, by asking it for the time. With heartbeatTimeout it bounds
	// how long a connection that died without a word is taken for alive.
	heartbeat        = 5 * time.Second
	heartbeatTimeout = 5 * time.Second
	maxReconnectWait = 2 * time.Second
)

// listener hears the changes of other processes on a connection of its own, outside the pool.
type listener struct{ up atomic.Bool }

// startListening makes the first connection and keeps one from then on. Nobody is told about the first one: who opened
// the store knows nothing yet that could be out of date.
func (s *Store) startListening(ctx context.Context) error {
	conn, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.listener = &listener{}
	s.listener.up.Store(true)
	s.inBackground(ctx, func(ctx context.Context) { s.keepListening(ctx, conn) })
	return nil
}

func (s *Store) listen(ctx context.Context) (*pgx.Conn, error) {
	c := s.pool.Config().ConnConfig
	c.RuntimeParams["application_name"] += " listener" // Config and ConnConfig are copies
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connect for listening: %w", err)
	}
	_, err = conn.Exec(ctx, "LISTEN "+channel)
	if err == nil {
		err = s.readClock(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}

func (s *Store) readClock(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	var micros int64
	asked := time.Now()
	err := conn.QueryRow(ctx, `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`).Scan(&micros)
	if err != nil {
		return fmt.Errorf("read the server's clock: %w", err)
	}
	s.clock.measure(time.UnixMicro(micros), asked)
	return nil
}

func (s *Store) keepListening(ctx context.Context, conn *pgx.Conn) {
	for {
		err := s.hear(ctx, conn)
		s.listener.up.Store(false)
		_ = conn.Close(context.WithoutCancel(ctx)) // it is lost or no longer needed
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("lost the connection that hears other replicas' changes", slog.Any("error", err))
		if conn = s.reconnect(ctx); conn == nil {
			return
		}
		// What was kept is forgotten before it could be trusted again.
		s.onChange(Change{Kind: ChangeAll})
		s.listener.up.Store(true)
		s.log.Info("hearing other replicas' changes again")
	}
}

// reconnect tries for ever; nil when the store is being closed.
func (s *Store) reconnect(ctx context.Context) *pgx.Conn {
	wait := &backoff.ExponentialBackOff{
		InitialInterval: 20 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: maxReconnectWait,
	}
	for wait.Reset(); ; {
		conn, err := s.listen(ctx)
		if err == nil {
			return conn
		}
		s.log.Debug("cannot listen yet", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// hear passes changes on until the connection fails or the store is closed.
func (s *Store) hear(ctx context.Context, conn *pgx.Conn) error {
	next := time.Now().Add(heartbeat)
	for {
		waiting, cancel := context.WithDeadline(ctx, next)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			s.onChange(parseChange(n.Payload))
		case ctx.Err() != nil:
			return ctx.Err()
		case !pgconn.Timeout(err):
			return err
		}
		if now := time.Now(); !now.Before(next) {
			if err := s.readClock(ctx, conn); err != nil {
				return err
			}
			next = now.Add(heartbeat)
		}
	}
}

// parseChange reads what another replica told. One of another version may say what this one does not know; then
// everything is forgotten.
func parseChange(payload string) Change {
	var c Change
	if err := json.Unmarshal([]byte(payload), &c); err != nil {
		return Change{Kind: ChangeAll}
	}
	switch c.Kind {
	case ChangeKeys, ChangeUser, ChangeService, ChangeConnection, ChangeAuthorization, ChangeExtension:
		return c
	}
	return Change{Kind: ChangeAll}
}
