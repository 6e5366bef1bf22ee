package egress

import (
	"slices"
	"sync"
	"time"
)

// pool keeps connections between requests. The last one returned is the first one taken, so that those not needed
// grow old and go.
type pool struct {
	limit int           // per origin
	idle  time.Duration // how long one is kept

	mu     sync.Mutex
	kept   map[origin][]*conn // oldest first; an empty list stays until the next sweep
	timer  *time.Timer        // runs while kept holds something
	closed bool
}

func newPool(limit int, idle time.Duration) *pool {
	return &pool{limit: limit, idle: idle, kept: map[origin][]*conn{}}
}

// take gives a connection that is still alive, or nil.
func (p *pool) take(o origin) *conn {
	for {
		c := p.pop(o)
		if c == nil {
			return nil
		}
		if time.Now().Before(c.expires) && c.alive() {
			return c
		}
		c.retire()
	}
}

func (p *pool) pop(o origin) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.kept[o]
	if len(list) == 0 {
		return nil
	}
	last := len(list) - 1
	c := list[last]
	list[last] = nil
	p.kept[o] = list[:last]
	return c
}

// put keeps c for the next request to its origin, for at most idle if that is not negative, or closes it.
func (p *pool) put(c *conn, idle time.Duration) {
	if idle < 0 || idle > p.idle {
		idle = p.idle
	}
	c.in.trim()
	if idle == 0 || !p.push(c, idle) {
		c.retire()
	}
}

func (p *pool) push(c *conn, idle time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.kept[c.origin]
	if p.closed || len(list) >= p.limit {
		return false
	}
	c.expires = time.Now().Add(idle)
	p.kept[c.origin] = append(list, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(p.idle, p.sweep)
	}
	return true
}

// sweep closes what has grown old, and comes back while anything is left.
func (p *pool) sweep() {
	var old []*conn
	now := time.Now()
	p.mu.Lock()
	for o, list := range p.kept {
		list = slices.DeleteFunc(list, func(c *conn) bool {
			expired := !now.Before(c.expires)
			if expired {
				old = append(old, c)
			}
			return expired
		})
		if p.kept[o] = list; len(list) == 0 {
			delete(p.kept, o)
		}
	}
	if p.timer = nil; len(p.kept) > 0 {
		p.timer = time.AfterFunc(p.idle/4, p.sweep)
	}
	p.mu.Unlock()
	for _, c := range old {
		c.retire()
	}
}

// flush closes all idle connections.
func (p *pool) flush() {
	p.mu.Lock()
	kept := p.kept
	p.kept = map[origin][]*conn{}
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.mu.Unlock()
	for _, list := range kept {
		for _, c := range list {
			c.retire()
		}
	}
}

// shut closes all idle connections and keeps none from now on.
func (p *pool) shut() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.flush()
}
