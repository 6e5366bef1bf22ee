package store_test

import (
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// internal makes the internal connection of a user with the default service dropbox.
func (w *world) internal(linkName lanyard.LinkName, user lanyard.UserID) *lanyard.Connection {
	w.t.Helper()
	return w.connection(linkName, dropbox, internalOf(user))
}

var dropbox = &lanyard.Service{ID: "dropbox", LinkName: "dropbox"}

func internalOf(user lanyard.UserID) func(*lanyard.Connection) {
	return func(c *lanyard.Connection) {
		c.Origin, c.Owner, c.UsableBy = lanyard.OriginInternal, user, lanyard.UsableByOwner
	}
}

func TestInternalConnectionIsOne(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, err := w.InternalConnection(t.Context(), w.org, w.owner.ID, "dropbox")
		wantCode(t, err, lanyard.CodeNotFound)
		w.connection("by_hand", dropbox)
		first := w.internal("internal_dropbox", w.owner.ID)
		w.internal("internal_dropbox_2", w.member.ID)
		w.connection("internal_box", &lanyard.Service{ID: "box", LinkName: "box"}, internalOf(w.owner.ID))
		w.connection("another", dropbox)

		second := *first
		second.ID, second.LinkName = "", "internal_dropbox_3"
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				c := second
				wantCode(t, w.CreateConnection(t.Context(), &c, entry(lanyard.ActionConnectionCreate)), lanyard.CodeConflict)
			})
		}
		all.Wait()
		got, err := w.InternalConnection(t.Context(), w.org, w.owner.ID, "dropbox")
		check(t, err)
		if got.ID != first.ID || got.LinkName != "internal_dropbox" {
			t.Errorf("got %+v, want %s", got, first.ID)
		}
		org, _, _ := w.account("other")
		_, err = w.InternalConnection(t.Context(), org, w.owner.ID, "dropbox")
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

// What Lanyard made for somebody's own tasks is nothing to hand over, nothing to ask about, and goes with them.
func TestInternalConnectionsStayWithTheirUser(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		theirs, ours := w.internal("internal_dropbox", w.member.ID), w.internal("internal_dropbox_2", w.owner.ID)
		w.connect(theirs, dropbox, w.member.ID)
		w.connect(ours, dropbox, w.owner.ID)
		h, err := w.Holdings(t.Context(), w.org, w.member.ID, time.Hour)
		check(t, err)
		if h.Connections != 0 || h.ForOthers != 0 {
			t.Errorf("to be decided about: %+v", h)
		}

		handed, err := w.HandOver(t.Context(), &w.member, w.owner.ID, owned)
		check(t, err)
		now, err := w.InternalConnection(t.Context(), w.org, w.member.ID, "dropbox")
		check(t, err)
		if handed.Connections != 0 || len(handed.Erased) != 0 || now.ID != theirs.ID || w.token(theirs, w.member.ID) == "" {
			t.Errorf("handed over: %+v, left: %+v", handed, now)
		}

		gone, err := w.RemoveUser(t.Context(), &w.member, store.Removal{}, owned)
		check(t, err)
		if len(gone.Erased) != 1 || gone.Erased[0].Connection.ID != theirs.ID || gone.Erased[0].Credential.AccessToken.Reveal() == "" {
			t.Errorf("erased: %+v", gone.Erased)
		}
		_, err = w.ConnectionByID(t.Context(), w.org, theirs.ID)
		wantCode(t, err, lanyard.CodeNotFound)
		if w.token(ours, w.owner.ID) == "" {
			t.Error("somebody else's went too")
		}
	})
}
