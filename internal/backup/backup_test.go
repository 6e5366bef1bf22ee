package backup_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/backup"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
	"lanyard/internal/vault"
)

// world is a store with an organization in it, which is open and written to.
type world struct {
	*store.Store
	config  store.Config
	org     lanyard.OrganizationID
	owner   lanyard.UserID
	service *lanyard.Service
	con     *lanyard.Connection
	secrets []string // what must not be readable anywhere
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, database string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{config: store.Config{Dir: dir, Database: database, KeyFile: filepath.Join(dir, "key")}, org: lanyard.NewOrganizationID(), owner: lanyard.NewUserID()}
	s, err := store.Open(t.Context(), w.config)
	must(t, err)
	w.Store = s
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.ServedAs(t.Context(), "https://lanyard.example.com"))
	secret := func() lanyard.Secret {
		text := "CANARY" + rand.Text()
		w.secrets = append(w.secrets, text)
		return lanyard.NewSecret(text)
	}
	entry := lanyard.AuditEntry{Action: lanyard.ActionOrganizationCreate, Object: "x"}
	must(t, s.CreateAccount(t.Context(), store.NewAccount{
		Organization: lanyard.Organization{ID: w.org, Name: "Zylker <\u2028ü>"},
		Owner:        lanyard.User{ID: w.owner, Email: "owner@example.com", Name: "Owner", Role: lanyard.RoleOwner}, Audit: entry,
	}, nil))
	w.service = &lanyard.Service{
		OrganizationID: w.org, Author: w.owner, Kind: lanyard.KindCustom, LinkName: "acme", Name: "Acme", BaseURL: "https://api.example.com", Hosts: []string{"api.example.com"},
		Auth: lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{
			GrantType: lanyard.AuthorizationCode, ClientID: "client", ClientSecret: secret(), AuthorizeURL: "https://example.com/a", AccessTokenURL: "https://example.com/t",
		}},
	}
	must(t, s.CreateService(t.Context(), w.service, entry))
	w.con = &lanyard.Connection{
		OrganizationID: w.org, LinkName: "acme_connection", Name: "Acme", Service: "acme", ServiceID: w.service.ID, Origin: lanyard.OriginUser, Owner: w.owner,
		UsableBy: lanyard.UsableByOrganization,
	}
	must(t, s.CreateConnection(t.Context(), w.con, entry))
	a := &lanyard.Authorization{
		OrganizationID: w.org, ConnectionID: w.con.ID, UserID: w.owner, ServiceVersion: 1, ExpiresAt: s.Now().Add(time.Hour), Lifetime: time.Hour,
		RefreshDue: s.Now().Add(time.Minute),
	}
	ok, _, err := s.SaveAuthorization(t.Context(), a, &lanyard.Credential{AccessToken: secret(), RefreshToken: secret()}, entry)
	must(t, err)
	if !ok {
		t.Fatal("the authorization was not saved")
	}
	must(t, s.QueueRevocation(t.Context(), store.ProviderRevocation{Organization: w.org, Connection: "acme_connection", Request: []byte(secret().Reveal())}))
	must(t, s.CreateConnectLink(t.Context(), store.ConnectLink{
		Organization: w.org, Connection: w.con.ID, User: w.owner, Parameters: map[string]string{"domain": secret().Reveal()}, ExpiresAt: s.Now().Add(time.Hour),
	}, []byte("0123456789012345678901234567890\x00")))
	// One that was used has an empty value where its secrets were.
	consent := &lanyard.ConsentRequest{
		OrganizationID: w.org, ConnectionID: w.con.ID, UserID: w.owner, ServiceID: w.service.ID, ExpiresAt: s.Now().Add(time.Hour),
		Secrets: lanyard.ConsentSecrets{CodeVerifier: secret()},
	}
	must(t, s.CreateConsentRequest(t.Context(), consent, bytes.Repeat([]byte{1}, 32)))
	_, err = s.UseConsentRequest(t.Context(), w.org, consent.ID)
	must(t, err)
	f := &lanyard.Function{OrganizationID: w.org, LinkName: "acme_sync", Author: w.owner, SavedBy: w.owner, Script: "key = \"" + secret().Reveal() + "\";"}
	must(t, s.CreateFunction(t.Context(), f, 20, entry))
	return w
}

// key is an age identity, and what backups are encrypted to for it.
type key struct {
	encryption *backup.Encryption
	decryption *backup.Decryption
}

func newKey(t testing.TB) key {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	e, err := backup.ToRecipients("# a comment\n" + identity.Recipient().String())
	must(t, err)
	d, err := backup.FromIdentities(lanyard.NewSecret(identity.String()))
	must(t, err)
	return key{e, d}
}

// rows are all rows of a store but those that say which instance it is, each as text.
func rows(t testing.TB, c store.Config) map[string]map[string]int {
	t.Helper()
	s, err := store.OpenSnapshot(t.Context(), c)
	must(t, err)
	defer s.Close()
	all := map[string]map[string]int{}
	for _, table := range s.Tables {
		if table.Name == "instances" {
			continue
		}
		all[table.Name] = map[string]int{}
		must(t, s.Rows(t.Context(), table, func(row []any) error {
			text := ""
			for i, c := range table.Columns {
				text += fmt.Sprintf("%s=%#v ", c.Name, row[i])
			}
			all[table.Name][text]++
			return nil
		}))
	}
	return all
}

// target is an empty place for a store, with the key of another one in it.
func target(t testing.TB, database string, keyOf store.Config) store.Config {
	t.Helper()
	dir := t.TempDir()
	c := store.Config{Dir: dir, Database: database, KeyFile: filepath.Join(dir, "key")}
	if keyOf.KeyFile != "" {
		text, err := os.ReadFile(keyOf.KeyFile)
		must(t, err)
		must(t, os.WriteFile(c.KeyFile, text, 0o600))
	}
	return c
}

func make1(t testing.TB, w *world, k key, o backup.Options) []byte {
	t.Helper()
	o.Encryption = k.encryption
	var file bytes.Buffer
	_, err := backup.Write(t.Context(), w.config, &file, o)
	must(t, err)
	return file.Bytes()
}

func TestK10_ABackupRestoresIntoEitherDatabase(t *testing.T) {
	none := func(testing.TB) string { return "" }
	for _, c := range []struct {
		name     string
		from, to func(testing.TB) string
	}{
		{"SQLite to SQLite", none, none}, {"SQLite to PostgreSQL", none, storetest.Postgres},
		{"PostgreSQL to SQLite", storetest.Postgres, none}, {"PostgreSQL to PostgreSQL", storetest.Postgres, storetest.Postgres},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, k := newWorld(t, c.from(t)), newKey(t)
			file := make1(t, w, k, backup.Options{Program: "1.2.3"})
			before := rows(t, w.config)
			to := target(t, c.to(t), w.config)
			restored, err := backup.Restore(t.Context(), to, bytes.NewReader(file), k.decryption)
			must(t, err)
			if restored.Program != "1.2.3" || restored.Rows == 0 || restored.Opened != 5 || restored.PublicURL != "https://lanyard.example.com" || restored.WithKey {
				t.Errorf("restored: %+v", restored)
			}
			if diff := gocmp.Diff(before, rows(t, to)); diff != "" {
				t.Errorf("what was restored (-before +after):\n%s", diff)
			}
			s, err := store.Open(t.Context(), to)
			must(t, err)
			defer s.Close()
			origin, err := w.Instance(t.Context())
			must(t, err)
			now, err := s.Instance(t.Context())
			must(t, err)
			if now.ID == origin.ID || now.Origin.ID != origin.ID || !now.Origin.BackupAt.Equal(restored.At.Truncate(time.Millisecond)) || !now.Paused() || !s.Paused() || w.Paused() {
				t.Errorf("the instances: origin %+v, restored %+v", origin, now)
			}
			_, credential, err := s.OpenAuthorization(t.Context(), w.org, w.con.ID, w.owner)
			must(t, err)
			if credential.AccessToken.Reveal() != w.secrets[1] {
				t.Error("the credential is another one")
			}
		})
	}
}

func TestK10_ABackupShowsOneMomentWhileOthersWrite(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			w, k := newWorld(t, database(t)), newKey(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var writers sync.WaitGroup
			written := make(chan struct{}, 1000)
			for i := range 4 {
				writers.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						// Every change has its line in the audit log, in the same transaction.
						c := *w.con
						c.ID, c.LinkName = "", lanyard.LinkName(fmt.Sprintf("con_%d_%d", i, n))
						if err := w.CreateConnection(context.WithoutCancel(ctx), &c, lanyard.AuditEntry{Action: lanyard.ActionConnectionCreate, Object: "invariant"}); err != nil {
							t.Error(err)
							return
						}
						select {
						case written <- struct{}{}:
						default:
						}
					}
				})
			}
			for range 5 {
				for range 8 {
					<-written
				}
				file := make1(t, w, k, backup.Options{})
				to := target(t, "", w.config)
				_, err := backup.Restore(t.Context(), to, bytes.NewReader(file), k.decryption)
				must(t, err)
				found := rows(t, to)
				entries := 0
				for row := range found["audit"] {
					if strings.Contains(row, "invariant") {
						entries++
					}
				}
				if connections := len(found["connections"]) - 1; connections != entries || connections == 0 {
					t.Errorf("%d connections, %d lines of the audit log", connections, entries)
				}
			}
			stop()
			writers.Wait()
		})
	}
}

func TestK06_NothingOfABackupIsReadable(t *testing.T) {
	w, k := newWorld(t, ""), newKey(t)
	dir := t.TempDir()
	made, err := backup.File(t.Context(), w.config, filepath.Join(dir, "a.backup"), backup.Options{Encryption: k.encryption})
	must(t, err)
	if made.Rows == 0 || made.WithKey {
		t.Errorf("made: %+v", made)
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("beside the backup there is something else: %v", entries)
	}
	info, err := entries[0].Info()
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	file, err := os.ReadFile(filepath.Join(dir, "a.backup"))
	must(t, err)
	for _, secret := range append(w.secrets, "owner@example.com", "acme_connection") {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret))} {
			if bytes.Contains(file, []byte(form)) {
				t.Errorf("%q is readable", form)
			}
		}
	}
	if _, err := backup.File(t.Context(), w.config, filepath.Join(dir, "a.backup"), backup.Options{Encryption: k.encryption}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup of that name: %v", err)
	}
	if again, _ := os.ReadFile(filepath.Join(dir, "a.backup")); !bytes.Equal(again, file) {
		t.Error("it was replaced")
	}
}

func TestK12_ABackupWithoutTheKeyNeedsIt(t *testing.T) {
	w, k := newWorld(t, ""), newKey(t)
	keyText, err := os.ReadFile(w.config.KeyFile)
	must(t, err)
	without, with := make1(t, w, k, backup.Options{}), make1(t, w, k, backup.Options{Key: string(keyText)})

	to := target(t, "", store.Config{})
	if _, err := backup.Restore(t.Context(), to, bytes.NewReader(without), k.decryption); err == nil || !strings.Contains(err.Error(), "does not hold the key") {
		t.Errorf("without any key: %v", err)
	}
	other := newWorld(t, "")
	to = target(t, "", other.config)
	var fault *vault.KeyError
	if _, err := backup.Restore(t.Context(), to, bytes.NewReader(without), k.decryption); !errors.As(err, &fault) || fault.Fault != vault.KeyWrong {
		t.Errorf("with another key: %v", err)
	}
	if entries, _ := os.ReadDir(to.Dir); len(entries) != 2 { // the key, and the lock
		t.Errorf("a restore that was refused left %v", entries)
	}

	found, err := backup.Verify(t.Context(), bytes.NewReader(with), k.decryption, nil)
	must(t, err)
	if !found.WithKey || found.Key != "" || found.Opened == 0 {
		t.Errorf("with the key: %+v", found)
	}
	to = target(t, "", store.Config{})
	_, err = backup.Restore(t.Context(), to, bytes.NewReader(with), k.decryption)
	must(t, err)
	got, err := os.ReadFile(to.KeyFile)
	must(t, err)
	if !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(keyText)) {
		t.Error("the key that was restored is another one")
	}
}

func TestADamagedBackupIsRefused(t *testing.T) {
	w, k := newWorld(t, ""), newKey(t)
	file := make1(t, w, k, backup.Options{})
	check := func(what string, file []byte, d *backup.Decryption) {
		t.Helper()
		if _, err := backup.Verify(t.Context(), bytes.NewReader(file), d, nil); err == nil {
			t.Errorf("%s: it verifies", what)
		}
		to := target(t, "", w.config)
		if _, err := backup.Restore(t.Context(), to, bytes.NewReader(file), d); err == nil {
			t.Errorf("%s: it was restored", what)
		}
		if _, err := os.Stat(filepath.Join(to.Dir, "lanyard.db")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something was left: %v", what, err)
		}
	}
	for at := 0; at < len(file); at += len(file)/12 + 1 {
		flipped := bytes.Clone(file)
		flipped[at] ^= 4
		check(fmt.Sprintf("a bit flipped in byte %d", at), flipped, k.decryption)
		check(fmt.Sprintf("cut off after %d bytes", at), file[:at], k.decryption)
	}
	check("the last byte missing", file[:len(file)-1], k.decryption)
	check("something behind it", append(bytes.Clone(file), 'x'), k.decryption)
	check("another identity", file, newKey(t).decryption)
	if _, err := backup.Verify(t.Context(), bytes.NewReader(file), newKey(t).decryption, nil); err == nil || !strings.Contains(err.Error(), "passphrase or identity") {
		t.Errorf("another identity: %v", err)
	}
}

func TestAPassphraseOpensABackup(t *testing.T) {
	w := newWorld(t, "")
	passphrase := lanyard.NewSecret("a passphrase of some length")
	e, err := backup.ToPassphrase(passphrase)
	must(t, err)
	path := filepath.Join(t.TempDir(), "x")
	_, err = backup.File(t.Context(), w.config, path, backup.Options{Encryption: e})
	must(t, err)
	for _, text := range []string{"another passphrase, as long", passphrase.Reveal()} {
		f, err := os.Open(path)
		must(t, err)
		d, err := backup.FromPassphrase(lanyard.NewSecret(text))
		must(t, err)
		_, err = backup.Verify(t.Context(), f, d, nil)
		if right := text == passphrase.Reveal(); right != (err == nil) {
			t.Errorf("%q: %v", text, err)
		}
		must(t, f.Close())
	}
	if _, err := backup.ToPassphrase(lanyard.NewSecret("short")); err == nil {
		t.Error("a short passphrase was taken")
	}
}

func TestARestoreNeedsAnEmptyStore(t *testing.T) {
	w, k := newWorld(t, ""), newKey(t)
	file := make1(t, w, k, backup.Options{})
	for _, there := range []*world{newWorld(t, ""), newWorld(t, storetest.Postgres(t))} {
		before := rows(t, there.config)
		must(t, there.Close())
		c := there.config
		c.KeyFile = w.config.KeyFile
		var full *store.NotEmptyError
		if _, err := backup.Restore(t.Context(), c, bytes.NewReader(file), k.decryption); !errors.As(err, &full) {
			t.Errorf("%s: %v", c.Database, err)
		}
		if diff := gocmp.Diff(before, rows(t, there.config)); diff != "" {
			t.Errorf("it was changed: %s", diff)
		}
	}
}
