package credential

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

const (
	connectLinkLife = time.Hour
	maxToken        = 200 // of what a stranger sends to be looked up
	maxLinks        = 10_000
)

// hashToken is what the store keeps in a token's place. The kind is part of it, so that one kind of token is never
// taken for another.
func hashToken(kind, value string) []byte {
	sum := sha256.Sum256([]byte(kind + "\x00" + value))
	return sum[:]
}

// ConnectLink makes the page where the caller's user connects the connection, and gives its path.
func (k *Keeper) ConnectLink(ctx context.Context, c *lanyard.Caller, name string) (string, error) {
	con, err := k.find(ctx, c, name)
	if err != nil {
		return "", err
	}
	if err := access.Connect(c, &con.Connection); err != nil {
		return "", err
	}
	if err := con.Service.CheckClient(); err != nil {
		return "", err
	}
	return k.newLink(ctx, con, c.User, store.ConnectLink{})
}

// find is Find for a name that a stranger wrote.
func (k *Keeper) find(ctx context.Context, c *lanyard.Caller, name string) (*Connection, error) {
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return nil, access.NoConnection(name)
	}
	return k.Find(ctx, c.Organization, link)
}

// newLink stores a link for one user and gives its path. What else the link carries is taken from with.
func (k *Keeper) newLink(ctx context.Context, con *Connection, user lanyard.UserID, with store.ConnectLink) (string, error) {
	token := rand.Text() + rand.Text()
	now := k.Store.Now()
	with.Organization, with.Connection, with.User = con.OrganizationID, con.ID, user
	with.CreatedAt, with.ExpiresAt = now, now.Add(connectLinkLife)
	if err := k.Store.CreateConnectLink(ctx, with, hashToken("connect", token)); err != nil {
		return "", err
	}
	return "/connect/" + token, nil
}

// linkCache remembers the links that errors carried, so that a script which fails a thousand times makes one.
type linkCache struct {
	mu    sync.Mutex
	links map[liveKey]madeLink
}

type madeLink struct {
	url   string
	until time.Time
}

// connectURL is the page where the user connects the connection. An error carries it, so a failure to make one is not
// an error of its own: the URL is then empty.
func (k *Keeper) connectURL(ctx context.Context, con *Connection, user lanyard.UserID) string {
	key := liveKey{con.OrganizationID, con.ID, user}
	now := k.Store.Now()
	k.links.mu.Lock()
	made, ok := k.links.links[key]
	k.links.mu.Unlock()
	if ok && now.Before(made.until) {
		return made.url
	}
	path, err := k.newLink(ctx, con, user, store.ConnectLink{})
	if err != nil {
		k.Logger.ErrorContext(ctx, "make a connect link", "organization", con.OrganizationID, "connection", con.LinkName, "error", err)
		return ""
	}
	k.links.mu.Lock()
	defer k.links.mu.Unlock()
	if k.links.links == nil || len(k.links.links) >= maxLinks {
		k.links.links = map[liveKey]madeLink{}
	}
	url := k.PublicURL + path
	k.links.links[key] = madeLink{url, now.Add(connectLinkLife / 2)}
	return url
}

// forget drops the link of an authorization that changed: it was used, or is of no use any more.
func (l *linkCache) forget(ch store.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch ch.Kind {
	case store.ChangeAll:
		clear(l.links)
	case store.ChangeUser:
		maps.DeleteFunc(l.links, func(key liveKey, _ madeLink) bool {
			return key.organization == ch.Organization && key.user == ch.User
		})
	case store.ChangeAuthorization:
		delete(l.links, liveKey{ch.Organization, ch.Connection, ch.User})
	}
}

// checkReturnTo accepts a path of this deployment or a URL of an origin that the operator allows.
func (k *Keeper) checkReturnTo(to string) error {
	if to == "" || SafePath(to) {
		return nil
	}
	if u, err := url.Parse(to); err == nil && u.User == nil && !strings.ContainsAny(to, "\\ \t\r\n") {
		if slices.Contains(k.ReturnToOrigins, u.Scheme+"://"+u.Host) {
			return nil
		}
	}
	var f lanyard.FieldErrors
	f.Add("/return_to", "this is a path that begins with one slash, or a URL of an origin that the operator allows (--return-to-origin)")
	return f.Err()
}

// SafePath reports whether a browser that is sent to this stays on this deployment: one slash, then no other, and
// nothing that a browser drops or turns into one.
func SafePath(to string) bool {
	if to == "" || to[0] != '/' || len(to) > 2000 {
		return false
	}
	if len(to) > 1 && (to[1] == '/' || to[1] == '\\') {
		return false
	}
	for i := 0; i < len(to); i++ {
		if c := to[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(to)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "//") && !strings.ContainsAny(u.Path, "\\\t\r\n")
}
