package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// secrets lets cmp compare what cannot be printed.
var secrets = cmp.Comparer(func(a, b lanyard.Secret) bool { return a.Equal(b) })

func TestCreateService(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		made := w.service("acme")
		if made.ID == "" || made.Version != 1 || !made.CreatedAt.Equal(start) || !made.UpdatedAt.Equal(start) {
			t.Errorf("the service is %+v", made)
		}
		got, err := w.Service(t.Context(), w.org, "acme")
		check(t, err)
		if diff := cmp.Diff(made, got, secrets); diff != "" {
			t.Errorf("by link name (-want +got):\n%s", diff)
		}
		got, err = w.ServiceByID(t.Context(), w.org, made.ID)
		check(t, err)
		if diff := cmp.Diff(made, got, secrets); diff != "" {
			t.Errorf("by id (-want +got):\n%s", diff)
		}
		again := oauth2Service(w.org, w.member.ID, "acme")
		wantField(t, w.CreateService(t.Context(), again, entry(lanyard.ActionServiceCreate)), lanyard.CodeConflict, "/link_name")
		if again.ID != "" || again.Version != 0 {
			t.Errorf("a refused service was changed: %+v", again)
		}
		plain := &lanyard.Service{
			ID: "svc_given", OrganizationID: w.org, Author: w.owner.ID, Kind: lanyard.KindCustom, LinkName: "plain", Name: "Plain",
			Hosts: []string{"api.example.com"}, Auth: lanyard.Auth{Type: lanyard.AuthBasic},
		}
		check(t, w.CreateService(t.Context(), plain, entry(lanyard.ActionServiceCreate)))
		if got, err = w.ServiceByID(t.Context(), w.org, "svc_given"); err != nil || !got.Auth.Secret().IsZero() || got.Auth.Type != lanyard.AuthBasic {
			t.Errorf("a service without a secret: %+v, %v", got, err)
		}
		if n := w.audited(lanyard.ActionServiceCreate); n != 2 {
			t.Errorf("%d services are in the audit log, want 2", n)
		}
		_, err = w.Service(t.Context(), w.org, "absent")
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ServiceByID(t.Context(), w.org, "svc_absent")
		wantCode(t, err, lanyard.CodeNotFound)
		orphan := oauth2Service(w.org, "usr_nobody", "orphan")
		wantCode(t, w.CreateService(t.Context(), orphan, entry(lanyard.ActionServiceCreate)), lanyard.CodeNotFound)
	})
}

func TestServices(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for name, display := range map[lanyard.LinkName]string{
			"zeta": "Grüße aus ÖSTERREICH", "alpha": "100% sure", "beta_one": "Under_score", "betaxone": "No underscore", "gamma": "bang!",
		} {
			s := oauth2Service(w.org, w.owner.ID, name)
			s.Name = display
			check(t, w.CreateService(t.Context(), s, entry(lanyard.ActionServiceCreate)))
		}
		for _, test := range []struct {
			query string
			want  string
		}{
			{"", "alpha beta_one betaxone gamma zeta"},
			{"ALPHA", "alpha"},
			{"österreich", "zeta"},
			{"ÖSTER", "zeta"},
			{"GRÜẞE", "zeta"},
			{"100%", "alpha"},
			{"%", "alpha"},
			{"_", "beta_one"},
			{"a_o", "beta_one"},
			{"bang!", "gamma"},
			{"!", "gamma"},
			{"underscore", "betaxone"},
			{`\`, ""},
			{"'", ""},
			{strings.Repeat("x", 60_000), ""},
		} {
			list := func(p store.Page) ([]store.ListedService, string, error) {
				return w.Services(t.Context(), w.org, test.query, p)
			}
			got := collect(t, list, 2)
			var names []string
			for _, s := range got {
				names = append(names, string(s.LinkName))
				if !s.Auth.Secret().IsZero() {
					t.Errorf("the list holds the secret of %s", s.LinkName)
				}
			}
			if strings.Join(names, " ") != test.want {
				t.Errorf("%.20q finds %v, want %s", test.query, names, test.want)
			}
		}
	})
}

func TestH10_LinkNameRace(t *testing.T) {
	race := func(t *testing.T, w *world, stores ...*store.Store) {
		t.Helper()
		const rounds = 10
		service := w.service("for_connections")
		for round := range rounds {
			name := lanyard.LinkName(fmt.Sprintf("name_%d", round))
			for what, create := range map[string]func(*store.Store) error{
				"service": func(s *store.Store) error {
					return s.CreateService(t.Context(), oauth2Service(w.org, w.owner.ID, name), entry(lanyard.ActionServiceCreate))
				},
				"connection": func(s *store.Store) error {
					c := &lanyard.Connection{OrganizationID: w.org, LinkName: name, Name: "N", Service: service.LinkName, ServiceID: service.ID, Owner: w.owner.ID}
					return s.CreateConnection(t.Context(), c, entry(lanyard.ActionConnectionCreate))
				},
				"user": func(s *store.Store) error {
					u := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Email: string(name), Name: "N"}
					return s.CreateUser(t.Context(), u, entry("user.create"))
				},
			} {
				errs := make([]error, len(stores))
				var all sync.WaitGroup
				for i, s := range stores {
					all.Go(func() { errs[i] = create(s) })
				}
				all.Wait()
				won := slices.Index(errs, nil)
				if won < 0 {
					t.Fatalf("%s: nobody won: %v", what, errs)
				}
				for i, err := range errs {
					if i != won {
						wantCode(t, err, lanyard.CodeConflict)
					}
				}
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
			w := newWorld(t, open)
			race(t, w, w.Store, w.Store, w.Store)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		storetest.OnPostgres(t, func(t *testing.T, open storetest.Opener) {
			w := newWorld(t, open)
			race(t, w, w.Store, open(), open())
		})
	})
}

// busy is a service with two connections, which three authorizations of two people use, and one that was revoked.
func busy(t *testing.T, w *world) (s *lanyard.Service, a, b *lanyard.Connection) {
	t.Helper()
	s = w.service("acme")
	a, b = w.connection("a", s), w.connection("b", s, ofEachUser)
	other := w.service("other")
	w.connect(w.connection("untouched", other), other, w.owner.ID)
	w.connect(a, s, w.owner.ID)
	w.connect(b, s, w.owner.ID)
	w.connect(b, s, w.member.ID)
	extra := lanyard.User{ID: "usr_extra", OrganizationID: w.org, Email: "extra@acme.example", Name: "E", Role: lanyard.RoleMember}
	check(t, w.CreateUser(t.Context(), extra, entry("user.create")))
	w.connect(b, s, extra.ID)
	_, err := w.RevokeAuthorization(t.Context(), w.org, b.ID, extra.ID, "Not wanted any more.", entry(lanyard.ActionRevoke))
	check(t, err)
	return s, a, b
}

func TestServiceAffected(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s, _, _ := busy(t, w)
		got, err := w.ServiceAffected(t.Context(), w.org, s.ID)
		want := store.Affected{Connections: 2, People: 2, Authorizations: 3, Names: []string{w.member.Name, w.owner.Name}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		got, err = w.ServiceAffected(t.Context(), w.org, "svc_absent")
		if diff := cmp.Diff(store.Affected{}, got); err != nil || diff != "" {
			t.Errorf("of a service that is not there: %v (-want +got):\n%s", err, diff)
		}
		other, _, _ := w.account("other")
		if got, err := w.ServiceAffected(t.Context(), other, s.ID); err != nil || got.Authorizations != 0 || got.Names != nil {
			t.Errorf("to another organization it affects %+v, %v", got, err)
		}
	})
}

// The first ten are named; the rest is counted.
func TestServiceAffectedNamesTen(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("shared", s, ofEachUser)
		for i := range store.MaxNames + 2 {
			u := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Email: fmt.Sprintf("member%d@acme.example", i), Name: fmt.Sprintf("Member %02d", i), Role: lanyard.RoleMember}
			w.must(w.CreateUser(t.Context(), u, entry("user.create")))
			w.connect(c, s, u.ID)
		}
		got, err := w.ServiceAffected(t.Context(), w.org, s.ID)
		w.must(err)
		if got.People != store.MaxNames+2 || len(got.Names) != store.MaxNames || got.Names[0] != "Member 00" || got.Names[9] != "Member 09" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestServiceUse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s, _, _ := busy(t, w)
		want := store.ServiceUse{AuthorName: w.owner.Name, Connections: 2}
		got, err := w.ServiceUse(t.Context(), w.org, s.ID)
		if err != nil || *got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		listed, _, err := w.Services(t.Context(), w.org, "acme", store.Page{})
		w.must(err)
		if len(listed) != 1 || listed[0].ServiceUse != want {
			t.Errorf("in the list: got %+v, want %+v", listed, want)
		}
		unused := w.service("unused")
		if got, err := w.ServiceUse(t.Context(), w.org, unused.ID); err != nil || got.Connections != 0 {
			t.Errorf("of a service without connections: %+v, %v", got, err)
		}
		other, _, _ := w.account("other")
		_, err = w.ServiceUse(t.Context(), other, s.ID)
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

func TestConnectionsOfOneService(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s, a, b := busy(t, w)
		for _, c := range []struct {
			view store.View
			user lanyard.UserID
			want []lanyard.LinkName
		}{
			{store.ViewMy, w.owner.ID, []lanyard.LinkName{a.LinkName, b.LinkName}},
			{store.ViewMy, w.member.ID, nil},
			{store.ViewShared, w.member.ID, []lanyard.LinkName{b.LinkName}},
		} {
			views, _, err := w.Connections(t.Context(), w.org, store.ConnectionFilter{View: c.view, User: c.user, Service: s.ID}, store.Page{})
			w.must(err)
			var got []lanyard.LinkName
			for _, v := range views {
				got = append(got, v.LinkName)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s of %s: got %q, want %q", c.view, c.user, got, c.want)
			}
		}
	})
}

// tokens is what the revoked credentials hold, in order.
func tokens(revoked []store.RevokedAuthorization) (all []string) {
	for _, r := range revoked {
		all = append(all, r.Credential.AccessToken.Reveal()+" "+r.Credential.Parameters["domain"]+" "+string(r.Connection.LinkName))
	}
	slices.Sort(all)
	return all
}

func TestH09_UpdateServiceEndsItsAuthorizations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s, a, b := busy(t, w)
		before := w.authorization(b, w.member.ID)
		w.consent(s, a, "open")
		used := w.consent(s, a, "used")
		if ok, err := w.UseConsentRequest(t.Context(), w.org, used.ID); err != nil || !ok {
			t.Fatal(ok, err)
		}
		w.now.add(time.Minute)

		edited := *s
		edited.Name, edited.BaseURL, edited.Author = "New name", "https://api.example.com/v2", "usr_somebody"
		edited.Auth.SetSecret(lanyard.NewSecret("new secret"))
		revoked, err := w.UpdateService(t.Context(), s.Version, &edited, false, "The service was edited.", entry(lanyard.ActionServiceEdit))
		check(t, err)
		if edited.Version != 2 || !edited.UpdatedAt.Equal(w.Now()) {
			t.Errorf("the service is %+v", edited)
		}
		want := []string{
			"access a of " + string(w.owner.ID) + " acme a", "access b of " + string(w.member.ID) + " acme b", "access b of " + string(w.owner.ID) + " acme b",
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, tokens(revoked)); diff != "" {
			t.Errorf("the erased credentials (-want +got):\n%s", diff)
		}
		for _, r := range revoked {
			got := w.authorization(&r.Connection, r.Authorization.UserID)
			if diff := cmp.Diff(got, &r.Authorization); diff != "" {
				t.Errorf("what is returned is not what is stored (-stored +returned):\n%s", diff)
			}
			if got.Status != lanyard.StatusReconnectRequired || got.StatusReason != "The service was edited." || !got.ExpiresAt.IsZero() || !got.RefreshDue.IsZero() {
				t.Errorf("the authorization is %+v", got)
			}
		}
		if got := w.authorization(b, w.member.ID); got.Generation != before.Generation+1 {
			t.Errorf("the generation went from %d to %d", before.Generation, got.Generation)
		}
		if w.token(a, w.owner.ID) != "" {
			t.Error("a credential is still there")
		}
		if got := w.authorization(b, "usr_extra"); got.Status != lanyard.StatusRevoked || got.StatusReason != "Not wanted any more." {
			t.Errorf("what a person had revoked is now %+v", got)
		}
		untouched, err := w.Connection(t.Context(), w.org, "untouched")
		check(t, err)
		if w.token(untouched, w.owner.ID) == "" {
			t.Error("the credential of another service was erased")
		}
		got, err := w.Service(t.Context(), w.org, "acme")
		check(t, err)
		if got.Author != w.owner.ID || got.Name != "New name" || got.Version != 2 || got.Auth.Secret().Reveal() != "new secret" {
			t.Errorf("the stored service is %+v", got)
		}
		if found, _, err := w.Services(t.Context(), w.org, "new NAME", store.Page{}); err != nil || len(found) != 1 {
			t.Errorf("the new name is not found: %v, %v", found, err)
		}
		if _, err := w.ConsentRequest(t.Context(), w.org, hash("open")); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("A12: the open consent request is still there: %v", err)
		}
		if _, err := w.ConsentRequest(t.Context(), w.org, hash("used")); err != nil {
			t.Errorf("the used consent request is gone, so its page cannot say so: %v", err)
		}

		_, err = w.UpdateService(t.Context(), 1, &edited, false, "", entry(lanyard.ActionServiceEdit))
		wantCode(t, err, lanyard.CodeConflict)
		edited.ID = "svc_absent"
		_, err = w.UpdateService(t.Context(), 1, &edited, false, "", entry(lanyard.ActionServiceEdit))
		wantCode(t, err, lanyard.CodeNotFound)
		if n := w.audited(lanyard.ActionServiceEdit); n != 1 {
			t.Errorf("%d edits are in the audit log, want 1", n)
		}
	})
}

func TestUpdateServiceKeepsConnections(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s, a, b := busy(t, w)
		s.Name = "New name"
		revoked, err := w.UpdateService(t.Context(), s.Version, s, true, "", entry(lanyard.ActionServiceEdit))
		check(t, err)
		if len(revoked) != 0 {
			t.Errorf("%d authorizations ended", len(revoked))
		}
		for _, c := range []*lanyard.Connection{a, b} {
			got := w.authorization(c, w.owner.ID)
			if got.Status != lanyard.StatusConnected || got.ServiceVersion != 2 || w.token(c, w.owner.ID) == "" {
				t.Errorf("%s: the authorization is %+v", c.LinkName, got)
			}
		}
		if got := w.authorization(b, "usr_extra"); got.ServiceVersion != 1 {
			t.Errorf("the revoked authorization moved to version %d", got.ServiceVersion)
		}
		if got, err := w.Service(t.Context(), w.org, "acme"); err != nil || got.Auth.Secret().Reveal() != "client secret of acme" {
			t.Errorf("the secret is not the same (%v)", err)
		}
	})
}

func TestDeleteService(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s, a, b := busy(t, w)
		lapsed := w.authorization(b, w.member.ID)
		if ok, err := w.RequireReconnect(t.Context(), w.org, lapsed.ID, lapsed.Generation, "Refused.", entry("x")); err != nil || !ok {
			t.Fatal(ok, err)
		}
		w.consent(s, a, "open")
		revoked, err := w.DeleteService(t.Context(), w.org, s.ID, entry(lanyard.ActionServiceDelete))
		check(t, err)
		if len(revoked) != 2 || len(tokens(revoked)) != 2 {
			t.Errorf("%d authorizations ended, want 2", len(revoked))
		}
		_, err = w.Service(t.Context(), w.org, "acme")
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConsentRequest(t.Context(), w.org, hash("open"))
		wantCode(t, err, lanyard.CodeNotFound)
		got, err := w.Connection(t.Context(), w.org, "a")
		if err != nil || got.Service != "acme" || got.ServiceID != s.ID {
			t.Errorf("the connection is %+v, %v", got, err)
		}
		for _, user := range []lanyard.UserID{w.owner.ID, w.member.ID} {
			if got := w.authorization(b, user); got.Status != lanyard.StatusRevoked || got.StatusReason != "The service acme was deleted." {
				t.Errorf("the authorization is %+v", got)
			}
		}
		if ok, _, err := w.SaveAuthorization(t.Context(), &lanyard.Authorization{OrganizationID: w.org, ConnectionID: a.ID, UserID: w.owner.ID, ServiceVersion: 1},
			credential("late"), entry(lanyard.ActionConnect)); err != nil || ok {
			t.Errorf("A29: a credential was saved after the service was deleted: %v, %v", ok, err)
		}
		_, err = w.DeleteService(t.Context(), w.org, s.ID, entry(lanyard.ActionServiceDelete))
		wantCode(t, err, lanyard.CodeNotFound)
		if again := w.service("acme"); again.ID == s.ID {
			t.Error("the link name was not free again")
		}
		if n := w.audited(lanyard.ActionServiceDelete); n != 1 {
			t.Errorf("%d deletions are in the audit log, want 1", n)
		}
	})
}

func TestOAuthClient(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		_, err := w.OAuthClient(t.Context(), w.org, "slack")
		wantCode(t, err, lanyard.CodeNotFound)
		for i, secret := range []string{"first", "", "third"} {
			w.now.add(time.Second)
			set := &lanyard.OAuthClient{
				Organization: w.org, Service: "slack", ClientID: fmt.Sprintf("id %d", i), ClientSecret: lanyard.NewSecret(secret), Version: int64(i),
				Parameters: map[string]string{"domain": fmt.Sprintf("acme%d.example.org", i)},
			}
			_, err := w.SetOAuthClient(t.Context(), set, true, "", entry(lanyard.ActionClientSet))
			check(t, err)
			if set.Version != int64(i+1) || !set.UpdatedAt.Equal(w.Now()) {
				t.Errorf("it is version %d, of %v", set.Version, set.UpdatedAt)
			}
			got, err := w.OAuthClient(t.Context(), w.org, "slack")
			check(t, err)
			if diff := cmp.Diff(set, got, secrets); diff != "" {
				t.Errorf("the client (-want +got):\n%s", diff)
			}
			listed, err := w.OAuthClients(t.Context(), w.org)
			check(t, err)
			if diff := cmp.Diff([]store.ClientSet{{Service: "slack", ClientID: set.ClientID, SecretSet: secret != "", Parameters: set.Parameters}}, listed); diff != "" {
				t.Errorf("the list (-want +got):\n%s", diff)
			}
		}
		for _, stale := range []int64{0, 2, 4} {
			_, err := w.SetOAuthClient(t.Context(), &lanyard.OAuthClient{Organization: w.org, Service: "slack", Version: stale}, true, "", entry(lanyard.ActionClientSet))
			wantCode(t, err, lanyard.CodeConflict)
		}
		if n := w.audited(lanyard.ActionClientSet); n != 3 {
			t.Errorf("%d changes are in the audit log, want 3", n)
		}
	})
}

// Another client makes the tokens of the old one useless; another secret of the same client does not.
func TestOAuthClientEndsItsAuthorizations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := &lanyard.Service{ID: "slack", LinkName: "slack", Version: 5<<32 + 1}
		client := &lanyard.OAuthClient{Organization: w.org, Service: "slack", ClientID: "id"}
		_, err := w.SetOAuthClient(t.Context(), client, true, "", entry("x"))
		check(t, err)
		c := w.connection("slack_connection", s)
		w.connect(c, s, w.owner.ID)
		acme := w.service("acme")
		other := w.connection("other", acme)
		w.connect(other, acme, w.owner.ID)

		revoked, err := w.SetOAuthClient(t.Context(), client, true, "", entry("x"))
		check(t, err)
		if a := w.authorization(c, w.owner.ID); len(revoked) != 0 || a.Status != lanyard.StatusConnected {
			t.Errorf("kept: %d revoked, %s", len(revoked), a.Status)
		}
		revoked, err = w.SetOAuthClient(t.Context(), client, false, "Another client.", entry("x"))
		check(t, err)
		a := w.authorization(c, w.owner.ID)
		if len(revoked) != 1 || revoked[0].Credential == nil || a.Status != lanyard.StatusReconnectRequired || a.StatusReason != "Another client." {
			t.Errorf("not kept: %d revoked, %s (%s)", len(revoked), a.Status, a.StatusReason)
		}
		if a := w.authorization(other, w.owner.ID); a.Status != lanyard.StatusConnected {
			t.Errorf("a connection of another service is %s", a.Status)
		}
	})
}

// What was consented to under another client is not stored under this one.
func TestSaveAuthorizationComparesTheClient(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := &lanyard.Service{ID: "slack", LinkName: "slack"}
		c := w.connection("slack_connection", s)
		save := func(client int64) bool {
			t.Helper()
			a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 5<<32 + client}
			ok, _, err := w.SaveAuthorization(t.Context(), a, credential("x"), entry("x"))
			check(t, err)
			return ok
		}
		if !save(0) || save(1) {
			t.Error("without a client: only what was begun without one is stored")
		}
		w.client(w.org, "slack", lanyard.NewSecret("x"))
		if !save(1) || save(0) || save(2) {
			t.Error("with a client: only what was begun with it is stored")
		}
	})
}

func TestCustomLinkNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.service("acme")
		names, err := w.CustomLinkNames(t.Context(), w.org)
		check(t, err)
		if diff := cmp.Diff([]lanyard.LinkName{"acme"}, names); diff != "" {
			t.Error(diff)
		}
		if names, err := w.CustomLinkNames(t.Context(), "org_other"); err != nil || len(names) != 0 {
			t.Errorf("another organization: %v, %v", names, err)
		}
	})
}

func TestConnectionsPerService(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		slack, acme := &lanyard.Service{ID: "slack", LinkName: "slack"}, w.service("acme")
		w.connection("one", slack)
		w.connection("two", slack)
		w.connection("three", acme)
		counts, err := w.ConnectionsPerService(t.Context(), w.org)
		check(t, err)
		if diff := cmp.Diff(map[lanyard.ServiceID]int{"slack": 2, acme.ID: 1}, counts); diff != "" {
			t.Error(diff)
		}
		if counts, err := w.ConnectionsPerService(t.Context(), "org_other"); err != nil || len(counts) != 0 {
			t.Errorf("another organization: %v, %v", counts, err)
		}
	})
}
