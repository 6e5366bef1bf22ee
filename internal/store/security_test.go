package store_test

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
	"lanyard/internal/vault"
)

// canaries are secrets to look for where they must not be.
type canaries []string

func (c *canaries) plant() lanyard.Secret {
	text := "CANARY" + rand.Text()
	*c = append(*c, text)
	return lanyard.NewSecret(text)
}

// found lists the canaries that data holds, in any of their forms.
func (c canaries) found(data []byte) (all []string) {
	for _, canary := range c {
		for form, text := range forms(canary) {
			if bytes.Contains(data, []byte(text)) {
				all = append(all, form)
			}
		}
	}
	return all
}

// forms is how a text may be written: base64 depends on what stood before it.
func forms(text string) map[string]string {
	all := map[string]string{
		"plain": text, "hex": hex.EncodeToString([]byte(text)), "upper-case hex": strings.ToUpper(hex.EncodeToString([]byte(text))),
		"reversed": func() string { b := []byte(text); slices.Reverse(b); return string(b) }(),
	}
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		all[fmt.Sprint("base64 ", shift)] = encoded[4 : len(encoded)-4]
	}
	return all
}

func TestK01_NoPlaintextInTheDatabase(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var planted canaries
		text := func() string { return planted.plant().Reveal() }
		full := func() *lanyard.Credential {
			return &lanyard.Credential{
				Values: map[string]lanyard.Secret{"X-Api-Key": planted.plant()}, Username: planted.plant(), Password: planted.plant(),
				AccessToken: planted.plant(), RefreshToken: planted.plant(), Token: planted.plant(), TokenSecret: planted.plant(),
				AccessKeyID: text(), SecretAccessKey: planted.plant(), SessionToken: planted.plant(), Parameters: map[string]string{"domain": text()},
			}
		}
		s := oauth2Service(w.org, w.owner.ID, "acme")
		s.Auth.SetSecret(planted.plant())
		check(t, w.CreateService(t.Context(), s, entry("x")))
		s.Auth.SetSecret(planted.plant())
		_, err := w.UpdateService(t.Context(), 1, s, true, "", entry("x"))
		check(t, err)
		for range 2 {
			w.client(w.org, "slack", planted.plant())
		}
		c := w.connection("acme_connection", s)
		a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 2, Account: "VISIBLE" + rand.Text()}
		for range 2 {
			if ok, _, err := w.SaveAuthorization(t.Context(), a, full(), entry("x")); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
		l, _ := w.lease(a, time.Minute, false)
		if ok, err := w.StoreRefreshed(t.Context(), l, store.Refreshed{Credential: full()}, entry("x")); err != nil || !ok {
			t.Fatal(ok, err)
		}
		r := &lanyard.ConsentRequest{
			OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceID: s.ID, ExpiresAt: start.Add(time.Hour),
			Secrets: lanyard.ConsentSecrets{
				CodeVerifier: planted.plant(), RequestToken: planted.plant(), RequestTokenSecret: planted.plant(), Parameters: map[string]string{"domain": text()},
			},
		}
		f := &lanyard.Function{OrganizationID: w.org, LinkName: "acme_sync", Author: w.owner.ID, SavedBy: w.owner.ID, Script: "key = \"" + text() + "\";"}
		check(t, w.CreateFunction(t.Context(), f, 20, entry("x")))
		run := &lanyard.FunctionRun{OrganizationID: w.org, FunctionID: f.ID, Version: 1, User: w.owner.ID, Report: lanyard.RunReport{
			Output: []string{text()}, Result: []byte(strconv.Quote(text())), Error: &lanyard.RunError{Message: text()}, Calls: []lanyard.RunCall{{Path: "/" + text()}},
		}}
		check(t, w.BeginRun(t.Context(), run))
		check(t, w.FinishRun(t.Context(), run))
		state := text() // C12, A05, J04: neither states nor tokens are stored themselves
		check(t, w.CreateConsentRequest(t.Context(), r, hash(state)))
		check(t, w.CreateConnectLink(t.Context(), store.ConnectLink{
			Organization: w.org, Connection: c.ID, User: w.owner.ID, Parameters: map[string]string{"domain": text()}, ExpiresAt: start.Add(time.Hour),
		}, hash(text())))
		check(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: w.org, Request: []byte(text())}))
		check(t, w.CreateAPIKey(t.Context(), lanyard.APIKey{ID: "key_x", OrganizationID: w.org, UserID: w.owner.ID}, hash(text()), entry("x")))

		look := func(when string) {
			t.Helper()
			visible := false
			for name, data := range databaseFiles(t, w.config) {
				if found := planted.found(data); len(found) > 0 {
					t.Errorf("%s: %s holds canaries: %v", when, name, found)
				}
				visible = visible || bytes.Contains(data, []byte(a.Account))
			}
			if !visible {
				t.Errorf("%s: what is no secret was not found either, so nothing was looked at", when)
			}
		}
		look("open")
		if _, err := w.UseConsentRequest(t.Context(), w.org, r.ID); err != nil {
			t.Error(err)
		}
		_, err = w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", entry("x"))
		check(t, err)
		look("after erasing")
		check(t, w.Close())
		look("closed")
	})
}

func TestK13_ErasedValuesAreOverwritten(t *testing.T) {
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		db := raw(t, w.config)
		sealed := func(query string) []byte {
			t.Helper()
			return dump(t, db, query)[0][0].([]byte)
		}
		const credential = "SELECT credential_sealed FROM authorizations"
		var erased [][]byte
		for range 2 {
			large := &lanyard.Credential{AccessToken: lanyard.NewSecret(strings.Repeat("x", 20_000))} // has pages of its own
			a := &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 1}
			if ok, _, err := w.SaveAuthorization(t.Context(), a, large, entry("x")); err != nil || !ok {
				t.Fatal(ok, err)
			}
			erased = append(erased, sealed(credential))
		}
		secret := sealed("SELECT secret_sealed FROM services")
		check(t, db.Close()) // the last to close writes the log into the file
		_, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", entry("x"))
		check(t, err)
		check(t, w.Close())
		file, err := os.ReadFile(filepath.Join(w.config.Dir, "lanyard.db"))
		check(t, err)
		for i, value := range erased {
			for at := 0; at+32 <= len(value); at += 500 {
				if bytes.Contains(file, value[at:at+32]) {
					t.Errorf("byte %d of the sealed credential %d is still in the file", at, i+1)
				}
			}
		}
		if !bytes.Contains(file, secret[len(secret)-32:]) {
			t.Error("a value that was not erased was not found either, so nothing was looked at")
		}
	})
}

// databaseFiles is every byte that the database wrote: SQLite's file, log and shared memory; PostgreSQL's tables, log
// and dump.
func databaseFiles(t *testing.T, c store.Config) map[string][]byte {
	t.Helper()
	dir := c.Dir
	found := map[string][]byte{}
	if c.Database != "" {
		dump := exec.CommandContext(t.Context(), filepath.Join(postgresPrograms(t), "pg_dump"), "--inserts", "--enable-row-security", c.Database)
		dump.Env = append(os.Environ(), "PGOPTIONS=-c lanyard.organization=*") // past the wall: docs/operating.md
		out, err := dump.Output()
		if err != nil {
			t.Fatalf("pg_dump: %v", err)
		}
		found["pg_dump"] = out
		if dir = postgresData(t, c.Database); dir == "" {
			return found
		}
	}
	check(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) { // it may come and go while the server runs
			return nil
		}
		if err != nil || !entry.Type().IsRegular() || filepath.Base(path) == "master.key" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		found[path] = data
		return nil
	}))
	return found
}

func postgresPrograms(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		t.Fatalf("PostgreSQL's programs are not there: %v", err)
	}
	return found[len(found)-1]
}

// postgresData is the data directory of the throw-away server; empty when the server is another one.
func postgresData(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	check(t, err)
	files, err := filepath.Glob(filepath.Join(os.TempDir(), "lanyard-postgres-*", "data", "postmaster.pid"))
	check(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if lines := strings.Split(string(text), "\n"); err == nil && len(lines) > 3 && lines[3] == u.Port() {
			return filepath.Dir(file)
		}
	}
	if os.Getenv("LANYARD_TEST_POSTGRES") == "" {
		t.Fatal("the data directory of the throw-away server was not found")
	}
	return ""
}

// sealedValue is one sealed column of one row.
type sealedValue struct {
	table, column, key string // key: the column that tells rows apart
	org, id            any
	value              []byte
}

func (v sealedValue) String() string {
	return fmt.Sprintf("%s.%s of %x in %s", v.table, v.column, v.id, v.org)
}

// put writes another value in its place.
func (v sealedValue) put(t *testing.T, db *sql.DB, value []byte) {
	t.Helper()
	where, args := fmt.Sprintf("%s = $2", v.key), []any{value, v.id}
	if v.org != nil {
		where, args = where+" AND organization_id = $3", append(args, v.org)
	}
	result, err := db.ExecContext(t.Context(), fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %s", v.table, v.column, where), args...)
	check(t, err)
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("put %s: %d rows, %v", v, n, err)
	}
}

// sealedValues finds every sealed column of every row by its name.
func sealedValues(t *testing.T, db *sql.DB, c store.Config) (all []sealedValue) {
	t.Helper()
	for _, table := range tables(t, db, c) {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
		check(t, err)
		columns, err := rows.Columns()
		check(t, errors.Join(err, rows.Close()))
		for _, column := range columns {
			if !strings.HasSuffix(column, "_sealed") {
				continue
			}
			v := sealedValue{table: table, column: column, key: "id"}
			switch table {
			case "oauth_clients":
				v.key = "service_link_name"
			case "connect_links":
				v.key = "hash"
			case "single_sign_on":
				v.key = "organization_id"
			case "sign_in_requests":
				v.key = "state_hash"
			case "function_versions": // of each function there is one
				v.key = "function_id"
			}
			org := "organization_id"
			if table == "keysets" {
				org = "NULL"
			}
			for _, row := range dump(t, db, fmt.Sprintf("SELECT %s, %s, %s FROM %s WHERE %s IS NOT NULL ORDER BY 1, 2", org, v.key, column, table, column)) {
				one := v
				one.org, one.id, one.value = row[0], row[1], row[2].([]byte)
				if len(one.value) > 0 {
					all = append(all, one)
				}
			}
		}
	}
	return all
}

// read opens one sealed value through the store.
func (w *world) read(v sealedValue) error {
	w.t.Helper()
	org, id := lanyard.OrganizationID(fmt.Sprint(v.org)), fmt.Sprintf("%s", v.id)
	switch v.table + "." + v.column {
	case "keysets.check_sealed":
		return w.Ping(w.t.Context())
	case "services.secret_sealed":
		_, err := w.ServiceByID(w.t.Context(), org, lanyard.ServiceID(id))
		return err
	case "oauth_clients.client_secret_sealed":
		_, err := w.OAuthClient(w.t.Context(), org, lanyard.LinkName(id))
		return err
	case "authorizations.credential_sealed":
		_, _, err := w.OpenAuthorizationByID(w.t.Context(), org, lanyard.AuthorizationID(id))
		return err
	case "connect_links.parameters_sealed":
		_, err := w.ConnectLink(w.t.Context(), v.id.([]byte))
		return err
	case "connect_sessions.parameters_sealed":
		_, err := w.ConnectSessionByHash(w.t.Context(), hash(id)) // as fill made it
		return err
	case "connect_sessions.credential_sealed": // opened before the code is judged, which is a wrong one
		_, _, err := w.ConfirmPending(w.t.Context(), &store.ConnectSession{Organization: org, ID: lanyard.ConnectSessionID(id)}, hash("wrong"), entry("x"))
		return err
	case "consent_requests.secrets_sealed":
		state := dump(w.t, raw(w.t, w.config), "SELECT state_hash FROM consent_requests WHERE id = $1", v.id)
		_, err := w.ConsentRequest(w.t.Context(), org, state[0][0].([]byte))
		return err
	case "webhooks.secrets_sealed":
		_, err := w.WebhookSecrets(w.t.Context(), org, lanyard.WebhookID(id))
		return err
	case "function_versions.script_sealed":
		_, err := w.FunctionVersion(w.t.Context(), org, lanyard.FunctionID(id), 1)
		return err
	case "function_runs.report_sealed":
		_, err := w.Run(w.t.Context(), org, lanyard.RunID(id))
		return err
	case "single_sign_on.client_secret_sealed":
		_, err := w.SingleSignOn(w.t.Context(), org)
		return err
	case "sign_in_requests.secrets_sealed": // reading it uses it up
		if _, err := w.UseSignInRequest(w.t.Context(), org, id, "browser"); err != nil {
			return err
		}
		const again = `INSERT INTO sign_in_requests (organization_id, state_hash, browser_hash, secrets_sealed, version, expires_at) VALUES ($1, $2, 'browser', $3, 1, $4)`
		_, err := raw(w.t, w.config).ExecContext(w.t.Context(), again, v.org, v.id, v.value, start.AddDate(10, 0, 0).UnixMilli())
		return err
	case "provider_revocations.request_sealed":
		w.now.add(time.Hour) // so that it is due again
		due, err := w.DueRevocations(w.t.Context(), 100)
		if err == nil && !slices.ContainsFunc(due, func(r store.ProviderRevocation) bool { return r.Organization == org && r.ID == id }) {
			return fmt.Errorf("%s was passed over in organization %s: provider_revocations, row %s: %w", v, org, id, vault.ErrSealed)
		}
		return err
	}
	w.t.Fatalf("nothing in this test reads %s.%s", v.table, v.column)
	return nil
}

// fill gives an organization two of everything that is sealed.
func (w *world) fill(org lanyard.OrganizationID, owner lanyard.UserID, name string) {
	w.t.Helper()
	signOn := &lanyard.SingleSignOn{OrganizationID: org, ClientSecret: lanyard.NewSecret("x")}
	w.must(w.SetSingleSignOn(w.t.Context(), signOn, entry("x")))
	for i := range 2 {
		w.must(w.CreateSignInRequest(w.t.Context(), store.SignInRequest{Organization: org, State: fmt.Sprint("state", i), Browser: "browser", ExpiresAt: start.AddDate(10, 0, 0)}))
		linkName := lanyard.LinkName(fmt.Sprint(name, i))
		s := oauth2Service(org, owner, linkName)
		w.must(w.CreateService(w.t.Context(), s, entry("x")))
		c := &lanyard.Connection{OrganizationID: org, LinkName: linkName, Service: s.LinkName, ServiceID: s.ID, Owner: owner, Origin: lanyard.OriginUser}
		w.must(w.CreateConnection(w.t.Context(), c, entry("x")))
		w.connect(c, s, owner)
		w.must(w.CreateWebhook(w.t.Context(), &lanyard.Webhook{OrganizationID: org, URL: "https://host.example.com"}, lanyard.NewSecret("x"), 20, entry("x")))
		f := &lanyard.Function{OrganizationID: org, LinkName: linkName, Author: owner, SavedBy: owner, Script: "x"}
		w.must(w.CreateFunction(w.t.Context(), f, 20, entry("x")))
		run := &lanyard.FunctionRun{OrganizationID: org, FunctionID: f.ID, Version: 1, User: owner, Deadline: start.AddDate(10, 0, 0)}
		w.must(w.BeginRun(w.t.Context(), run))
		w.must(w.FinishRun(w.t.Context(), run))
		w.client(org, linkName, lanyard.NewSecret("x"))
		w.must(w.CreateConnectLink(w.t.Context(), store.ConnectLink{
			Organization: org, Connection: c.ID, User: owner, Parameters: map[string]string{"domain": "x"}, ExpiresAt: start.AddDate(10, 0, 0),
		}, hash("link"+string(org+"/")+string(linkName))))
		w.must(w.CreateConsentRequest(w.t.Context(), &lanyard.ConsentRequest{
			OrganizationID: org, ConnectionID: c.ID, UserID: owner, ServiceID: s.ID, ExpiresAt: start.AddDate(10, 0, 0),
			Secrets: lanyard.ConsentSecrets{CodeVerifier: lanyard.NewSecret("x")},
		}, hash("state"+string(linkName))))
		for _, held := range []bool{false, true} {
			session := store.ConnectSession{ID: lanyard.NewConnectSessionID(), Organization: org, Connection: c.ID, User: owner, ExpiresAt: start.AddDate(10, 0, 0)}
			w.must(w.CreateConnectSession(w.t.Context(), session, hash(string(session.ID)), entry("x")))
			if !held {
				w.must(w.SetSessionParameters(w.t.Context(), org, session.ID, map[string]string{"domain": "x"}))
				continue
			}
			pending := store.Pending{Authorization: lanyard.Authorization{OrganizationID: org, ConnectionID: c.ID, UserID: owner}, Credential: &lanyard.Credential{AccessToken: lanyard.NewSecret("x")}}
			if ok, err := w.HoldPending(w.t.Context(), &session, pending, start.AddDate(10, 0, 0)); err != nil || !ok {
				w.t.Fatal(ok, err)
			}
		}
		w.must(w.QueueRevocation(w.t.Context(), store.ProviderRevocation{Organization: org, Request: []byte("x"), GiveUpAt: start.AddDate(10, 0, 0)}))
	}
}

const sealedKinds = 13 // columns called …_sealed of which there are two in an organization, and that of the keyset

func TestK02_OneBitFlippedInEachCiphertext(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.fill(w.org, w.owner.ID, "a")
		db := raw(t, w.config)
		values := sealedValues(t, db, w.config)
		if len(values) != 2*(sealedKinds-1)+2 { // one single sign-on
			t.Fatalf("there are %d sealed values", len(values))
		}
		for _, v := range values {
			check(t, w.read(v))
			for _, bit := range []int{0, 8 * 5, 8 * 20, 8*len(v.value) - 1} {
				changed := bytes.Clone(v.value)
				changed[bit/8] ^= 1 << (bit % 8)
				v.put(t, db, changed)
				err := w.read(v)
				if !errors.Is(err, vault.ErrSealed) || lanyard.CodeOf(err) != lanyard.CodeInternal {
					t.Errorf("%s, bit %d flipped: got %v", v, bit, err)
				} else if !strings.Contains(err.Error(), v.table) {
					t.Errorf("%s: the error does not name the table: %v", v, err)
				} else if id, ok := v.id.(string); ok && !strings.Contains(err.Error(), id) {
					t.Errorf("%s: the error does not name the row: %v", v, err)
				}
			}
			v.put(t, db, v.value)
			if err := w.read(v); err != nil {
				t.Errorf("the process does not go on: %v", err)
			}
		}
	})
}

func TestK02_DamagedKeysetIsRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		db := raw(t, w.config)
		keyset := dump(t, db, "SELECT sealed FROM keysets")[0][0].([]byte)
		check(t, w.Close())
		changed := bytes.Clone(keyset)
		changed[10] ^= 1
		_, err := db.ExecContext(t.Context(), "UPDATE keysets SET sealed = $1", changed)
		check(t, err)
		var k *vault.KeyError
		if err := openError(t, w.config); !errors.As(err, &k) || k.Fault != vault.KeyWrong {
			t.Errorf("got %v, want to be told that key and store do not fit", err)
		}
	})
}

func TestK02_DamagedCredentialCanBeRevokedAndReplaced(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		db := raw(t, w.config)
		damage := func() {
			t.Helper()
			w.connect(c, s, w.owner.ID)
			_, err := db.ExecContext(t.Context(), "UPDATE authorizations SET credential_sealed = $1", []byte("damaged"))
			check(t, err)
		}
		damage()
		if r, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", entry("x")); err != nil || r.Credential != nil {
			t.Errorf("revoking: %+v, %v", r, err)
		}
		damage()
		if ok, previous, err := w.SaveAuthorization(t.Context(), &lanyard.Authorization{OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, ServiceVersion: 1},
			credential("new"), entry("x")); err != nil || !ok || previous != nil || w.token(c, w.owner.ID) != "access new" {
			t.Errorf("reconnecting: %v, %v", ok, err)
		}
		damage()
		if r, err := w.DeleteConnection(t.Context(), w.org, c.ID, entry("x")); err != nil || len(r) != 1 || r[0].Credential != nil {
			t.Errorf("deleting: %+v, %v", r, err)
		}
	})
}

func TestK03_CiphertextsOpenOnlyWhereTheyBelong(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.fill(w.org, w.owner.ID, "a")
		other, owner, _ := w.account("other")
		w.fill(other, owner.ID, "a") // the same link names in another organization
		db := raw(t, w.config)
		values := sealedValues(t, db, w.config)
		if len(values) != 4*(sealedKinds-1)+3 {
			t.Fatalf("there are %d sealed values", len(values))
		}
		for i, to := range values {
			for j, from := range values {
				if i == j {
					continue
				}
				to.put(t, db, from.value)
				if err := w.read(to); !errors.Is(err, vault.ErrSealed) {
					t.Errorf("%s opens in the place of %s: %v", from, to, err)
				}
			}
			to.put(t, db, to.value)
			check(t, w.read(to))
		}
	})
}

func TestK03_OldValuesDoNotComeBack(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.fill(w.org, w.owner.ID, "a")
		db := raw(t, w.config)
		old := sealedValues(t, db, w.config)
		for i := range 2 {
			name := lanyard.LinkName(fmt.Sprint("a", i))
			s, err := w.Service(t.Context(), w.org, name)
			check(t, err)
			_, err = w.UpdateService(t.Context(), 1, s, true, "", entry("x"))
			check(t, err)
			w.client(w.org, name, lanyard.NewSecret("x"))
			c, err := w.Connection(t.Context(), w.org, name)
			check(t, err)
			l, _ := w.lease(w.authorization(c, w.owner.ID), time.Minute, false)
			if ok, err := w.StoreRefreshed(t.Context(), l, hour, entry("x")); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
		replaced := 0
		for _, v := range old {
			if !slices.Contains([]string{"services", "oauth_clients", "authorizations"}, v.table) {
				continue // these rows are written once
			}
			replaced++
			v.put(t, db, v.value)
			if err := w.read(v); !errors.Is(err, vault.ErrSealed) {
				t.Errorf("an old value of %s opens: %v", v, err)
			}
		}
		if replaced != 6 {
			t.Errorf("%d values were put back, want 6", replaced)
		}
	})
}

// nasty texts mean something to one database or the other, in one place or another.
var nasty = []string{
	`'; DROP TABLE users; --`, `" OR ""="`, `' OR '1'='1`, `\'; SELECT 1; --`, `$1`, `?`, `:name`, `@p1`, `%`, `_`, `%_!\`, `$$`, `$tag$x$tag$`,
	"line\nbreak\r\ttab", `E'\x00'`, `{}`, `[]`, `null`, `NULL`, `0`, ` `, "\u202e\u0000"[:3], "🦫 ünïcödé", `/*`, `*/`, `--`, `;`, strings.Repeat("'", 300),
}

func TestG17_SQLMetacharactersAreText(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for i, text := range nasty {
			org := lanyard.OrganizationID("org " + text)
			user := lanyard.User{
				ID: lanyard.UserID("usr " + text), OrganizationID: org, Email: strings.ToLower(text), Name: text, Role: lanyard.Role(text), ExternalID: text, CreatedAt: start,
			}
			key := lanyard.APIKey{
				ID: lanyard.APIKeyID("key " + text), OrganizationID: org, UserID: user.ID, Name: text, Hint: text, CreatedAt: start,
				Rights: lanyard.KeyRights{Connections: []lanyard.LinkName{lanyard.LinkName(text)}},
			}
			audit := lanyard.AuditEntry{Action: lanyard.Action(text), Object: text, ObjectName: text, Detail: map[string]string{text: text}}
			check(t, w.CreateAccount(t.Context(), store.NewAccount{
				Organization: lanyard.Organization{ID: org, Name: text}, Owner: user, Key: &key, KeyHash: hash(fmt.Sprint(i)), Audit: audit,
			}, nil))
			gotKey, gotUser, err := w.APIKeyByHash(t.Context(), hash(fmt.Sprint(i)))
			check(t, err)
			same(t, text, "key", &key, gotKey)
			same(t, text, "user", &user, gotUser)
			gotUser, err = w.UserByExternalID(t.Context(), org, text)
			check(t, err)
			same(t, text, "user by external id", &user, gotUser)

			session := store.Session{Hash: text, ExpiresAt: start.Add(time.Hour)}
			check(t, w.CreateSession(t.Context(), org, user.ID, session, audit))
			if u, _, err := w.UserBySession(t.Context(), text, 0); err != nil || u.ID != user.ID {
				t.Errorf("%q: the session gives %+v, %v", text, u, err)
			}
			check(t, w.DeleteSession(t.Context(), org, text))

			name := lanyard.LinkName(text)
			s := oauth2Service(org, user.ID, name)
			s.Name, s.Description, s.Hosts = text, text, []string{text}
			s.Auth.SetSecret(lanyard.NewSecret(text))
			check(t, w.CreateService(t.Context(), s, audit))
			gotService, err := w.Service(t.Context(), org, name)
			check(t, err)
			if diff := gocmp.Diff(s, gotService, secrets); diff != "" {
				t.Errorf("%q: the service (-want +got):\n%s", text, diff)
			}
			query := text
			if len(query) > 50 {
				query = query[:50]
			}
			if found, _, err := w.Services(t.Context(), org, query, store.Page{}); err != nil || len(found) != 1 {
				t.Errorf("%q finds %d services, %v", text, len(found), err)
			}
			client := &lanyard.OAuthClient{Organization: org, Service: name, ClientID: text, ClientSecret: lanyard.NewSecret(text)}
			_, err = w.SetOAuthClient(t.Context(), client, true, text, audit)
			check(t, err)
			if got, err := w.OAuthClient(t.Context(), org, name); err != nil || got.Version != 1 || !got.UpdatedAt.Equal(start) || !gocmp.Equal(client, got, secrets) {
				t.Errorf("%q: the client is %+v, %v", text, got, err)
			}

			c := &lanyard.Connection{
				OrganizationID: org, LinkName: name, Name: text, Service: name, ServiceID: s.ID, Scopes: []string{text}, Origin: lanyard.OriginUser,
				Owner: user.ID, UsableBy: lanyard.UsableBy(text),
			}
			check(t, w.CreateConnection(t.Context(), c, audit))
			filter := store.ConnectionFilter{View: store.ViewMy, User: user.ID, LinkNames: []lanyard.LinkName{name, "other"}}
			if got, _, err := w.Connections(t.Context(), org, filter, store.Page{}); err != nil || len(got) != 1 || !gocmp.Equal(*c, got[0].Connection) {
				t.Errorf("%q: the connections are %+v, %v", text, got, err)
			}
			a := &lanyard.Authorization{OrganizationID: org, ConnectionID: c.ID, UserID: user.ID, Scopes: []string{text}, GrantedScope: text, Account: text, ServiceVersion: 1}
			if ok, _, err := w.SaveAuthorization(t.Context(), a, credential(text), audit); err != nil || !ok {
				t.Fatal(ok, err)
			}
			l, _ := w.lease(a, time.Minute, false)
			check(t, w.ReleaseLease(t.Context(), l, start, text, false))
			got, opened, err := w.OpenAuthorization(t.Context(), org, c.ID, user.ID)
			if err != nil || got.LastError != text || got.Account != text || got.GrantedScope != text || opened.AccessToken.Reveal() != "access "+text {
				t.Errorf("%q: the authorization is %+v, %v", text, got, err)
			}
			link := store.ConnectLink{
				Organization: org, Connection: c.ID, User: user.ID, ReturnTo: text, Parameters: map[string]string{text: text}, CreatedAt: start, ExpiresAt: start.Add(time.Hour),
			}
			check(t, w.CreateConnectLink(t.Context(), link, []byte(text)))
			if got, err := w.ConnectLink(t.Context(), []byte(text)); err != nil || !gocmp.Equal(&link, got) {
				t.Errorf("%q: the link is %+v, %v", text, got, err)
			}
			r := &lanyard.ConsentRequest{
				OrganizationID: org, ConnectionID: c.ID, UserID: user.ID, Session: text, ServiceID: s.ID, Service: name, ReturnTo: text, ExpiresAt: start.Add(time.Hour),
				Secrets: lanyard.ConsentSecrets{CodeVerifier: lanyard.NewSecret(text)},
			}
			check(t, w.CreateConsentRequest(t.Context(), r, []byte(text)))
			check(t, w.FinishConsentRequest(t.Context(), org, r.ID, true, text))
			if got, err := w.ConsentRequest(t.Context(), org, []byte(text)); err != nil || got.Outcome != text || got.ReturnTo != text || got.Session != text {
				t.Errorf("%q: the consent request is %+v, %v", text, got, err)
			}
			revoked, err := w.RevokeAuthorization(t.Context(), org, c.ID, user.ID, text, audit)
			if err != nil || revoked.Authorization.StatusReason != text {
				t.Errorf("%q: revoked %+v, %v", text, revoked, err)
			}
			check(t, w.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: org, ID: text, Connection: name, Request: []byte(text)}))
			check(t, w.FinishRevocation(t.Context(), org, text, audit))

			v := lanyard.Invocation{
				OrganizationID: org, At: start, ConnectionID: c.ID, Connection: name, Authorization: a.ID, User: user.ID, Key: key.ID,
				Method: text, Host: text, Path: text, Code: lanyard.Code(text),
			}
			check(t, w.InsertInvocations(t.Context(), []lanyard.Invocation{v}))
			invocations, _, err := w.Invocations(t.Context(), org, store.InvocationFilter{Connection: name, User: user.ID}, store.Page{})
			if err != nil || len(invocations) != 1 {
				t.Fatalf("%q: %d invocations, %v", text, len(invocations), err)
			}
			v.ID = invocations[0].ID
			same(t, text, "invocation", v, invocations[0])
			entries, _, err := w.Audit(t.Context(), org, store.AuditFilter{Actions: []lanyard.Action{lanyard.Action(text)}, Object: text}, store.Page{})
			if err != nil || len(entries) < 5 || entries[0].ObjectName != text || entries[0].Detail[text] != text {
				t.Errorf("%q: the audit log has %+v, %v", text, entries, err)
			}
			check(t, w.DeleteAPIKey(t.Context(), org, key.ID, user.ID, audit))
		}
		if _, err := w.User(t.Context(), w.org, w.owner.ID); err != nil {
			t.Errorf("the users are gone: %v", err)
		}
	})
}

func same(t *testing.T, text, what string, want, got any) {
	t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%q: the %s (-want +got):\n%s", text, what, diff)
	}
}

func TestG17_TextThatCannotBeStoredIsRefusedAlike(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, text := range []string{"a\x00b", "\xff", "a\xc3("} {
			_, err := w.Connection(t.Context(), w.org, lanyard.LinkName(text))
			wantCode(t, err, lanyard.CodeInvalidRequest)
			_, err = w.User(t.Context(), lanyard.OrganizationID(text), "x")
			wantCode(t, err, lanyard.CodeInvalidRequest)
			_, _, err = w.UserBySession(t.Context(), text, 0)
			wantCode(t, err, lanyard.CodeInvalidRequest)
			wantCode(t, w.CreateUser(t.Context(), lanyard.User{ID: "usr_x", OrganizationID: w.org, Name: text}, entry("x")), lanyard.CodeInvalidRequest)
			_, err = w.RequireReconnect(t.Context(), w.org, lanyard.AuthorizationID(text), 1, "x", entry("x"))
			wantCode(t, err, lanyard.CodeInvalidRequest)
			_, _, err = w.TakeLease(t.Context(), w.org, lanyard.AuthorizationID(text), 1, time.Second, false)
			wantCode(t, err, lanyard.CodeInvalidRequest)
		}
	})
}

// TestH01_NothingOfAnotherOrganization calls every method of the store that takes an organization, with the ids of
// things of organization A and the id of organization B. A method that is added later is called too.
func TestH01_NothingOfAnotherOrganization(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a := w.tenant()
		foreign, _, _ := w.account("foreign")
		before := contents(t, w.config, a.org)

		s := reflect.ValueOf(w.Store)
		var methods []string
		for i := range s.NumMethod() {
			// What is made together is made by the methods of the same names, which are called here one by one. Deleting the
			// organization itself leaves nothing to call the others with: TestH12_ADeletedOrganizationLeavesNoRow looks at what it leaves alone.
			if name := s.Type().Method(i).Name; name != "Together" && name != "DeleteOrganization" {
				methods = append(methods, name)
			}
		}
		for together := range typeOf[*store.Changes]().Methods() {
			if together.Name != "LockPeople" && !slices.Contains(methods, together.Name) { // that one changes nothing
				t.Errorf("%s is a change, and no method of the store: nothing calls it here", together.Name)
			}
		}
		// Last those after which there is something to find.
		slices.SortStableFunc(methods, func(a, b string) int {
			return cmp.Compare(slices.Index(madeInItsOwn, a), slices.Index(madeInItsOwn, b))
		})
		called := 0
		for _, name := range methods {
			method := s.MethodByName(name)
			args, takesOrganization := a.arguments(t, name, method.Type(), foreign)
			if !takesOrganization {
				continue
			}
			called++
			results := method.Call(args)
			if err := emptyHanded(name, results); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if after := contents(t, w.config, a.org); after != before {
				t.Fatalf("%s changed something of the other organization (-before +after):\n%s", name, gocmp.Diff(before, after))
			}
		}
		if called < 40 {
			t.Errorf("only %d methods were called", called)
		}
		// The same calls in their own organization find what they ask for, so the ids were right.
		found := 0
		for _, name := range methods {
			method := s.MethodByName(name)
			args, takesOrganization := a.arguments(t, name, method.Type(), a.org)
			if takesOrganization && emptyHanded(name, method.Call(args)) != nil {
				found++
			}
		}
		if found < 20 {
			t.Errorf("in their own organization only %d calls found something", found)
		}
	})
}

// tenant is an organization with one of everything, and the arguments that name it.
type tenant struct {
	org        lanyard.OrganizationID
	user       lanyard.User
	service    *lanyard.Service
	connection *lanyard.Connection
	azn        *lanyard.Authorization
	consent    *lanyard.ConsentRequest
	webhook    *lanyard.Webhook
	event      lanyard.WebhookEventID
	function   lanyard.Function
	run        lanyard.FunctionRun
	// extension is installed, and offered by the organization to nobody else.
	extension   lanyard.Extension
	publication lanyard.Publication
}

func (w *world) tenant() *tenant {
	w.t.Helper()
	a := &tenant{org: w.org, user: w.owner}
	a.service = w.service("acme")
	a.connection = w.connection("acme", a.service)
	a.webhook = w.webhook()
	a.azn = w.connect(a.connection, a.service, w.owner.ID)
	a.event = w.deliveries(a.webhook.ID)[0].Event
	a.consent = w.consent(a.service, a.connection, "shared token")
	ctx, expires := w.t.Context(), w.Now().Add(time.Hour)
	w.must(w.CreateAPIKey(ctx, lanyard.APIKey{ID: "key_a", OrganizationID: w.org, UserID: w.owner.ID}, hash("shared token"), entry("x")))
	w.must(w.CreateUser(ctx, lanyard.User{ID: "usr_a", OrganizationID: w.org, Email: "a", ExternalID: "a"}, entry("x")))
	w.must(w.CreateSession(ctx, w.org, w.owner.ID, store.Session{Hash: "a", ExpiresAt: expires}, entry("x")))
	w.must(w.CreateInvitation(ctx, lanyard.Invitation{ID: "inv_a", OrganizationID: w.org, Role: lanyard.RoleMember, CreatedBy: w.owner.ID, ExpiresAt: expires}, hash("shared token"), entry("x")))
	w.client(w.org, "acme", lanyard.NewSecret("x"))
	w.must(w.CreateConnectLink(ctx, store.ConnectLink{Organization: w.org, Connection: a.connection.ID, User: w.owner.ID, ExpiresAt: expires}, hash("shared token")))
	w.must(w.CreateConnectSession(ctx, store.ConnectSession{ID: "cse_a", Organization: w.org, Connection: a.connection.ID, User: w.owner.ID, ExpiresAt: expires}, hash("session token"), entry("x")))
	w.must(w.QueueRevocation(ctx, store.ProviderRevocation{Organization: w.org, ID: "a", Request: []byte("x")}))
	w.must(w.InsertInvocations(ctx, []lanyard.Invocation{{OrganizationID: w.org, Connection: "acme", User: w.owner.ID}}))
	a.function = lanyard.Function{OrganizationID: w.org, LinkName: "acme", Name: "acme", Author: w.owner.ID, SavedBy: w.owner.ID, Script: "info 1;", Connections: []lanyard.LinkName{"acme"},
		Schedule: lanyard.Schedule{Cron: "* * * * *"}, NextRunAt: start.Add(time.Hour)}
	w.must(w.CreateFunction(ctx, &a.function, 10, entry("x")))
	w.must(w.SetHook(ctx, &a.function, hash("hook token"), entry("x")))
	a.run = lanyard.FunctionRun{OrganizationID: w.org, FunctionID: a.function.ID, Version: 1, Cause: lanyard.CauseAPI, User: w.owner.ID, Deadline: expires}
	w.must(w.BeginRun(ctx, &a.run))
	a.publication = lanyard.Publication{OrganizationID: w.org, Name: "acme", Version: "1.0.0", Digest: "a", Package: []byte("package"), PublishedBy: w.owner.ID}
	w.must(w.CreatePublication(ctx, &a.publication, 10, entry("x")))
	a.extension = lanyard.Extension{OrganizationID: w.org, Name: "acme", Publisher: w.org, Digest: "a", Package: []byte("package"), WhenGone: lanyard.WhenGoneKeep, InstalledBy: w.owner.ID}
	w.must(w.CreateExtension(ctx, &a.extension, 10, entry("x")))
	return a
}

// arguments makes the arguments of a method: everything is A's but the organization.
func (a *tenant) arguments(t *testing.T, name string, method reflect.Type, org lanyard.OrganizationID) (args []reflect.Value, takesOrganization bool) {
	t.Helper()
	service, connection, azn, consent, user := *a.service, *a.connection, *a.azn, *a.consent, a.user
	service.OrganizationID, connection.OrganizationID, azn.OrganizationID, consent.OrganizationID, user.OrganizationID = org, org, org, org, org
	user.ExternalID = ""
	key := lanyard.APIKey{ID: "key_a", OrganizationID: org, UserID: user.ID}
	for i := range method.NumIn() {
		var v any
		owned := true // whether an argument of this type names an organization
		switch in := method.In(i); in {
		case typeOf[lanyard.OrganizationID]():
			v = org
		case typeOf[lanyard.User]():
			v = user
		case typeOf[*lanyard.User]():
			v = &user
		case typeOf[lanyard.APIKey]():
			v = key
		case typeOf[*lanyard.APIKey]():
			v = &key
		case typeOf[*lanyard.Service]():
			v = &service
		case typeOf[*lanyard.Connection]():
			v = &connection
		case typeOf[*lanyard.Authorization]():
			v = &azn
		case typeOf[*lanyard.ConsentRequest]():
			v = &consent
		case typeOf[*lanyard.Webhook]():
			webhook := *a.webhook
			webhook.OrganizationID = org
			v = &webhook
		case typeOf[*lanyard.Function]():
			f := a.function
			f.OrganizationID = org
			v = &f
		case typeOf[*lanyard.Extension]():
			e := a.extension
			e.OrganizationID = org
			v = &e
		case typeOf[*lanyard.Publication]():
			p := a.publication
			p.OrganizationID = org
			v = &p
		case typeOf[*lanyard.FunctionRun]():
			v = &lanyard.FunctionRun{ID: a.run.ID, OrganizationID: org, FunctionID: a.function.ID, Version: 1, Cause: lanyard.CauseAPI, User: user.ID, Status: lanyard.RunOK}
		case typeOf[store.DueDelivery]():
			v = store.DueDelivery{Organization: org, Webhook: a.webhook.ID, Event: a.event}
		case typeOf[*store.DueMail]():
			v = &store.DueMail{User: user}
		case typeOf[store.NewAccount]():
			v = store.NewAccount{Organization: lanyard.Organization{ID: org}, Owner: user, Key: &key, KeyHash: hash("shared token")}
		case typeOf[store.Link]():
			v = store.Link{Purpose: store.PurposeSignIn, Organization: org, User: user.ID}
		case typeOf[store.ConnectLink]():
			v = store.ConnectLink{Organization: org, Connection: connection.ID, User: user.ID}
		case typeOf[store.ConnectSession]():
			v = store.ConnectSession{ID: "cse_new", Organization: org, Connection: connection.ID, User: user.ID}
		case typeOf[*store.ConnectSession]():
			v = &store.ConnectSession{ID: "cse_a", Organization: org, Connection: connection.ID, User: user.ID}
		case typeOf[*lanyard.OAuthClient]():
			v = &lanyard.OAuthClient{Organization: org, Service: service.LinkName, ClientSecret: lanyard.NewSecret("y")}
		case typeOf[store.NewPassword]():
			v = store.NewPassword{Organization: org, User: user.ID, Session: "a", EndAccess: true, Audit: func(store.EndedAccess) lanyard.AuditEntry { return entry("x") }}
		case typeOf[lanyard.Invitation]():
			v = lanyard.Invitation{ID: lanyard.NewInvitationID(), OrganizationID: org, Role: lanyard.RoleMember, CreatedBy: user.ID, ExpiresAt: start.Add(time.Hour)}
		case typeOf[store.SignInRequest]():
			v = store.SignInRequest{Organization: org, State: "b", Browser: "b"}
		case typeOf[*lanyard.SingleSignOn]():
			v = &lanyard.SingleSignOn{OrganizationID: org, Domains: []string{"example.com"}}
		case typeOf[store.Identity]():
			v = store.Identity{SingleSignOn: &lanyard.SingleSignOn{OrganizationID: org, Version: 1, MayJoin: true}, Subject: "a", Email: "a"}
		case typeOf[store.Lease]():
			v = store.Lease{Organization: org, Authorization: azn.ID, Generation: azn.Generation}
		case typeOf[store.ProviderRevocation]():
			v = store.ProviderRevocation{Organization: org, ID: "a", Request: []byte("y")}
		case typeOf[map[store.KeyRef]time.Time]():
			v = map[store.KeyRef]time.Time{{Organization: org, ID: "key_a"}: start.Add(time.Hour)}
		case typeOf[map[store.AuthorizationRef]time.Time]():
			v = map[store.AuthorizationRef]time.Time{{Organization: org, ID: azn.ID}: start.Add(time.Hour)}
		case typeOf[[]lanyard.Invocation]():
			v = []lanyard.Invocation{{OrganizationID: org, Connection: "acme"}}
		case typeOf[lanyard.AuditEntry]():
			e := entry("x")
			e.OrganizationID = org
			v, owned = e, name == "AppendAudit"
		case typeOf[*lanyard.AuditEntry]():
			v, owned = (*lanyard.AuditEntry)(nil), false
		default:
			owned = false
			v = a.plain(t, name, in)
		}
		takesOrganization = takesOrganization || owned
		args = append(args, reflect.ValueOf(v))
		if v == nil {
			args[i] = reflect.Zero(method.In(i))
		}
	}
	return args, takesOrganization
}

// plain is an argument that names no organization.
func (a *tenant) plain(t *testing.T, name string, in reflect.Type) any {
	t.Helper()
	switch in {
	case typeOf[lanyard.UserID]():
		return a.user.ID
	case typeOf[lanyard.APIKeyID]():
		return lanyard.APIKeyID("key_a")
	case typeOf[lanyard.InvitationID]():
		return lanyard.InvitationID("inv_a")
	case typeOf[store.Acceptance]():
		return store.Acceptance{}
	case typeOf[[]string]():
		return []string{"a"}
	case typeOf[lanyard.ServiceID]():
		return a.service.ID
	case typeOf[[]lanyard.ServiceID]():
		return []lanyard.ServiceID{a.service.ID}
	case typeOf[lanyard.ConnectionID]():
		return a.connection.ID
	case typeOf[lanyard.AuthorizationID]():
		return a.azn.ID
	case typeOf[lanyard.ConsentRequestID]():
		return a.consent.ID
	case typeOf[lanyard.ConnectSessionID]():
		return lanyard.ConnectSessionID("cse_a")
	case typeOf[store.Pending]():
		return store.Pending{Credential: credential("y")}
	case typeOf[store.Rotation]():
		return store.Rotation{Hash: hash("rotated"), PreviousUntil: start.Add(time.Hour)}
	case typeOf[map[string]string]():
		return map[string]string{"a": "b"}
	case typeOf[lanyard.LinkName]():
		return lanyard.LinkName("acme")
	case typeOf[[]lanyard.LinkName]():
		return []lanyard.LinkName{"acme"}
	case typeOf[*lanyard.Credential]():
		return credential("y")
	case typeOf[[]byte]():
		if name == "CreateAccount" {
			return []byte(nil)
		}
		if strings.HasPrefix(name, "Create") {
			return hash("token of " + name)
		}
		return hash("shared token")
	case typeOf[string]():
		if name == "CountSeries" {
			return "acme"
		}
		return "a" // a session, a revocation, an external id, a reason
	case typeOf[int64]():
		return int64(1) // every version and generation
	case typeOf[int]():
		return 10
	case typeOf[bool]():
		return false
	case typeOf[time.Duration]():
		return time.Minute
	case typeOf[time.Time]():
		return start.Add(time.Hour)
	case typeOf[store.Page]():
		return store.Page{}
	case typeOf[store.Session]():
		return store.Session{Hash: "session_new", ExpiresAt: start.Add(time.Hour)}
	case typeOf[store.Refreshed]():
		return hour
	case typeOf[store.ConnectionFilter]():
		return store.ConnectionFilter{View: store.ViewMy, User: a.user.ID}
	case typeOf[store.UserFilter]():
		return store.UserFilter{}
	case typeOf[store.Removal]():
		return store.Removal{Delete: true}
	case typeOf[func(store.Owned) lanyard.AuditEntry]():
		return owned
	case typeOf[map[lanyard.LinkName]int64]():
		return map[lanyard.LinkName]int64{"acme": 1}
	case typeOf[store.InvocationFilter]():
		return store.InvocationFilter{Connection: "acme", User: a.user.ID}
	case typeOf[store.AuditFilter]():
		return store.AuditFilter{Actions: []lanyard.Action{lanyard.ActionConnect}}
	case typeOf[store.Dimension]():
		return store.ByConnection
	case typeOf[store.Span]():
		return store.Span{From: start.Add(-time.Hour), Width: time.Minute, Slots: 180}
	case typeOf[[]lanyard.UserID]():
		return []lanyard.UserID{a.user.ID}
	case typeOf[[]lanyard.APIKeyID]():
		return []lanyard.APIKeyID{"key_a"}
	case typeOf[store.LinkPurpose]():
		return store.PurposeSignIn
	case typeOf[lanyard.WebhookID]():
		return a.webhook.ID
	case typeOf[lanyard.FunctionID]():
		return a.function.ID
	case typeOf[lanyard.RunID]():
		return a.run.ID
	case typeOf[lanyard.ExtensionID]():
		return a.extension.ID
	case typeOf[[]lanyard.ConnectionID]():
		return []lanyard.ConnectionID{a.connection.ID}
	case typeOf[store.TakenNames]():
		names := []lanyard.LinkName{"acme"}
		return store.TakenNames{Services: names, Connections: names, Functions: names}
	case typeOf[store.RunFilter]():
		return store.RunFilter{}
	case typeOf[lanyard.WebhookEventID]():
		return a.event
	case typeOf[lanyard.Secret]():
		return lanyard.NewSecret("y")
	case typeOf[[]store.WebhookRef]():
		return []store.WebhookRef(nil)
	case typeOf[store.Finished]():
		return store.Finished{Status: lanyard.DeliveryFailed, Judges: true, Attempt: lanyard.DeliveryAttempt{Error: "y"}}
	case typeOf[func(store.Link) lanyard.AuditEntry]():
		return func(store.Link) lanyard.AuditEntry { return entry("x") }
	case typeOf[store.PasswordReset]():
		return store.PasswordReset{}
	case typeOf[func(*store.SignedOn) []lanyard.AuditEntry]():
		return func(*store.SignedOn) []lanyard.AuditEntry { return nil }
	case typeOf[lanyard.KeyRights]():
		return lanyard.KeyRights{Manage: true, ActForUsers: true}
	case typeOf[func(int64) lanyard.AuditEntry]():
		return func(int64) lanyard.AuditEntry { return entry("x") }
	}
	if in.String() == "context.Context" {
		return t.Context()
	}
	t.Fatalf("%s takes a %s, which this test does not know", name, in)
	return nil
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// madeInItsOwn are the methods that make something new of the organization they are given, and so may succeed in any.
var madeInItsOwn = []string{
	"AppendAudit", "CreateAccount", "CreateExtension", "CreateFunction", "CreatePublication", "CreateUser", "CreateWebhook", "FinishMail", "FinishRun", "InsertInvocations", "QueueRevocation", "ReleaseLease", "RenameOrganization", "SetOAuthClient", "SetSingleSignOn", "TouchAPIKeys",
	"TouchAuthorizations",
}

// ofTheOrganization are the methods that give the organization itself, or its people, and so find something in any.
var ofTheOrganization = []string{"Administrators", "CountOrganization", "Organization", "People", "Successors", "Users"}

// emptyHanded checks that a call found nothing: the error not_found, or nothing but zero values.
func emptyHanded(name string, results []reflect.Value) error {
	last := results[len(results)-1]
	if err, ok := last.Interface().(error); ok && err != nil {
		// CreateAccount finds the organization there.
		if code := lanyard.CodeOf(err); code != lanyard.CodeNotFound && name != "CreateAccount" {
			return fmt.Errorf("got the error %w, want not_found", err)
		}
	} else if len(results) == 1 && !slices.Contains(madeInItsOwn, name) {
		return errors.New("it succeeded")
	}
	for _, r := range results[:len(results)-1] {
		if !r.IsZero() && (r.Kind() != reflect.Slice || r.Len() > 0) && !slices.Contains(ofTheOrganization, name) {
			return fmt.Errorf("it gave %v", r)
		}
	}
	return nil
}

func TestH16_EqualNamesInTwoOrganizations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		other, owner, _ := w.account("other")
		w.fill(w.org, w.owner.ID, "a")
		w.fill(other, owner.ID, "a")
		for _, org := range []lanyard.OrganizationID{w.org, other} {
			user := map[lanyard.OrganizationID]lanyard.UserID{w.org: w.owner.ID, other: owner.ID}[org]
			c, err := w.Connection(t.Context(), org, "a0")
			if err != nil || c.OrganizationID != org || w.token(c, user) != "access a0 of "+string(user) {
				t.Errorf("the connection of %s is %+v, %v", org, c, err)
			}
			list, _, err := w.Services(t.Context(), org, "", store.Page{})
			if err != nil || len(list) != 2 || list[0].OrganizationID != org {
				t.Errorf("the services of %s are %+v, %v", org, list, err)
			}
		}
	})
}
