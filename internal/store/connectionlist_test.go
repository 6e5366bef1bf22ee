package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

// crowd makes connections of all kinds, some of them connected by the owner and in every status.
func (w *world) crowd(n int) (services []*lanyard.Service) {
	w.t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	services = []*lanyard.Service{w.service("acme"), w.service("globex")}
	internal := map[[2]any]bool{}
	names := []string{"Ärger & Söhne", "CRM 100%", "Mail_box", "Billing"}
	for i := range n {
		s := services[random.IntN(2)]
		c := w.connection(lanyard.LinkName(fmt.Sprintf("c%03d", i)), s, func(c *lanyard.Connection) {
			c.Name = names[random.IntN(len(names))]
			c.UseLoginUserCredentials = random.IntN(2) == 0
			if random.IntN(3) == 0 {
				c.Owner = w.member.ID
			}
			if random.IntN(4) == 0 {
				c.Origin = []lanyard.Origin{lanyard.OriginInternal, lanyard.OriginExtension}[random.IntN(2)]
			}
			if of := [2]any{c.Owner, s.ID}; c.Origin == lanyard.OriginInternal && !internal[of] {
				internal[of] = true
			} else if c.Origin == lanyard.OriginInternal {
				c.Origin = lanyard.OriginExtension // a user has one internal connection with each service
			}
		})
		switch random.IntN(5) {
		case 0:
			w.must(w.AddAuthorization(w.t.Context(), w.org, c.ID, w.owner.ID))
		case 1:
			w.connect(c, s, w.owner.ID)
		case 2:
			a := w.connect(c, s, w.owner.ID)
			_, err := w.RequireReconnect(w.t.Context(), w.org, a.ID, a.Generation, "It was refused.", entry(lanyard.ActionRefresh))
			w.must(err)
		case 3:
			w.connect(c, s, w.owner.ID)
			_, err := w.RevokeAuthorization(w.t.Context(), w.org, c.ID, w.owner.ID, "It was revoked.", entry(lanyard.ActionRevoke))
			w.must(err)
		}
	}
	return services
}

// TestConnectionsAreNarrowedDown compares every combination of filters, page by page, with the whole list filtered here.
func TestConnectionsAreNarrowedDown(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		services := w.crowd(60)
		list := func(f store.ConnectionFilter, limit int) (found []store.ConnectionView) {
			t.Helper()
			f.User = w.owner.ID
			return collect(t, func(p store.Page) ([]store.ConnectionView, string, error) {
				return w.Connections(t.Context(), w.org, f, p)
			}, limit)
		}
		found := map[lanyard.Status]int{}
		for _, view := range []store.View{store.ViewMy, store.ViewShared, store.ViewInternal, store.ViewExtensions} {
			whole := list(store.ConnectionFilter{View: view}, 200)
			for _, status := range []lanyard.Status{"", lanyard.StatusNotConnected, lanyard.StatusConnected, lanyard.StatusReconnectRequired, lanyard.StatusRevoked} {
				for _, service := range []lanyard.ServiceID{"", services[0].ID, "svc_absent"} {
					for _, query := range []string{"", "ärger", "ÄRGER", "100%", "mail_", "c01", "GLOBEX", "nothing"} {
						want := slices.DeleteFunc(slices.Clone(whole), func(v store.ConnectionView) bool {
							text := strings.ToLower(v.Name) + " " + string(v.LinkName) + " " + string(v.Service)
							return status != "" && v.Status() != status || service != "" && v.ServiceID != service || !strings.Contains(text, strings.ToLower(query))
						})
						f := store.ConnectionFilter{View: view, Status: status, Service: service, Query: query}
						if diff := gocmp.Diff(want, list(f, 3), gocmp.Transformer("none", func(l []store.ConnectionView) []store.ConnectionView { return append([]store.ConnectionView{}, l...) })); diff != "" {
							t.Fatalf("%+v (-want +got):\n%s", f, diff)
						}
						f.User = w.owner.ID
						for _, most := range []int{200, 2} {
							if n, err := w.CountConnections(t.Context(), w.org, f, most); err != nil || n != min(len(want), most) {
								t.Fatalf("%+v: counted %d as far as %d (%v), want %d", f, n, most, err, len(want))
							}
						}
						found[status] += len(want)
					}
				}
			}
		}
		for status, n := range found {
			if n == 0 {
				t.Errorf("nothing has the status %q: the test tests nothing", status)
			}
		}
		long := list(store.ConnectionFilter{View: store.ViewMy, Query: strings.Repeat("a", 51)}, 3)
		if len(long) != 0 {
			t.Errorf("a text longer than any name found %d connections", len(long))
		}
	})
}

func TestConnectionsNameTheirServices(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		acme, globex := w.service("acme"), w.service("globex")
		w.connection("a", globex)
		w.connection("b", acme)
		w.connection("c", globex)
		w.connection("default", &lanyard.Service{ID: "dropbox", LinkName: "dropbox"})
		w.connection("internal", acme, func(c *lanyard.Connection) { c.Origin = lanyard.OriginInternal })
		_, err := w.DeleteService(t.Context(), w.org, globex.ID, entry(lanyard.ActionServiceDelete))
		check(t, err)
		again := w.service("globex")
		w.connection("d", again)

		f := store.ConnectionFilter{View: store.ViewMy, User: w.owner.ID}
		views, _, err := w.Connections(t.Context(), w.org, f, store.Page{})
		check(t, err)
		var got []string
		for _, v := range views {
			got = append(got, string(v.LinkName)+":"+v.ServiceName)
		}
		if want := "a: b:Service acme c: d:Service globex default:"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		services, err := w.ConnectionServices(t.Context(), w.org, f, 10)
		check(t, err)
		want := []store.ServiceOf{{ID: acme.ID, LinkName: "acme", Name: "Service acme"}, {ID: "dropbox", LinkName: "dropbox"},
			{ID: globex.ID, LinkName: "globex"}, {ID: again.ID, LinkName: "globex", Name: "Service globex"}}
		byID := func(a, b store.ServiceOf) int {
			return cmp.Or(cmp.Compare(a.LinkName, b.LinkName), cmp.Compare(a.ID, b.ID))
		}
		slices.SortFunc(want, byID)
		if diff := gocmp.Diff(want, services); diff != "" {
			t.Errorf("the services (-want +got):\n%s", diff)
		}
		services, err = w.ConnectionServices(t.Context(), w.org, f, 2)
		if err != nil || len(services) != 2 {
			t.Errorf("as far as 2: %v, %v", services, err)
		}
	})
}

func TestLastUse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		a := w.connect(c, s, w.owner.ID)
		if !a.LastUsedAt.IsZero() {
			t.Errorf("it was used at %v before anybody did", a.LastUsedAt)
		}
		used := func(at time.Time) map[store.AuthorizationRef]time.Time {
			return map[store.AuthorizationRef]time.Time{{Organization: w.org, ID: a.ID}: at, {Organization: w.org, ID: "azn_gone"}: at}
		}
		check(t, w.TouchAuthorizations(t.Context(), nil))
		for _, at := range []time.Duration{time.Hour, time.Minute} { // the second came late
			check(t, w.TouchAuthorizations(t.Context(), used(start.Add(at))))
			if got := w.authorization(c, w.owner.ID).LastUsedAt; !got.Equal(start.Add(time.Hour)) {
				t.Errorf("it was last used at %v, want %v", got, start.Add(time.Hour))
			}
		}
		// Revoking and connecting again keep it.
		revoked, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "It was revoked.", entry(lanyard.ActionRevoke))
		check(t, err)
		again := w.connect(c, s, w.owner.ID)
		for what, got := range map[string]time.Time{"revoked": revoked.Authorization.LastUsedAt, "connected again": again.LastUsedAt, "stored": w.authorization(c, w.owner.ID).LastUsedAt} {
			if !got.Equal(start.Add(time.Hour)) {
				t.Errorf("%s: last used at %v", what, got)
			}
		}
		many := map[store.AuthorizationRef]time.Time{}
		for i := range 450 { // several transactions
			many[store.AuthorizationRef{Organization: w.org, ID: lanyard.AuthorizationID(fmt.Sprint("azn_gone", i))}] = start
		}
		many[store.AuthorizationRef{Organization: w.org, ID: a.ID}] = start.Add(2 * time.Hour)
		check(t, w.TouchAuthorizations(t.Context(), many))
		if got := w.authorization(c, w.owner.ID).LastUsedAt; !got.Equal(start.Add(2 * time.Hour)) {
			t.Errorf("among many: last used at %v", got)
		}
	})
}

func TestConnected(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s, ofEachUser)
		want := func(own bool, names ...string) {
			t.Helper()
			got, err := w.Connected(t.Context(), w.org, c.ID, w.owner.ID)
			check(t, err)
			if got.Own != own || got.Others != len(names) || !slices.Equal(got.Names, names) {
				t.Errorf("got %+v, want own %t and others %v", got, own, names)
			}
		}
		want(false)
		w.connect(c, s, w.member.ID)
		want(false, w.member.Name)
		w.connect(c, s, w.owner.ID)
		want(true, w.member.Name)
		_, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.member.ID, "It was revoked.", entry(lanyard.ActionRevoke))
		check(t, err)
		want(true)
	})
}
