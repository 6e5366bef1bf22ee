package servertest_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"lanyard"
	"lanyard/internal/backup"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// TestK10_ARestoredCopyRefreshesNothingBeforeItGoesOn: a backup is made while serving, restored elsewhere and served; calls
// work while their token lives, nothing is refreshed, and once it goes on it does. K11: while the original answers it does not.
func TestK10_ARestoredCopyRefreshesNothingBeforeItGoesOn(t *testing.T) {
	l := servertest.Start(t)
	peer := connectedOIDC(t, l, providertest.OIDCConfig{})
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	encryption, err := backup.ToRecipients(identity.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	decryption, err := backup.FromIdentities(lanyard.NewSecret(identity.String()))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := server.Backup(t.Context(), l.Config, "", &file, true, backup.Options{Encryption: encryption}); err != nil {
		t.Fatal(err)
	}

	copied := servertest.New(t)
	copied.Config.DataDir = t.TempDir()
	copied.Config.SweepEvery = 20 * time.Millisecond
	copied.Config.Stderr, copied.Config.Stdout = new(servertest.Buffer), new(servertest.Buffer)
	copied.Key = l.Key
	if _, err := server.Restore(t.Context(), copied.Config, bytes.NewReader(file.Bytes()), decryption); err != nil {
		t.Fatal(err)
	}
	copied.Serve(t)
	invoke := func() *servertest.Answer {
		return copied.API(t, "POST /v1/invoke", object("connection", "acme", "url", "/api/whoami"))
	}
	if got := invoke(); got.Status != 200 || got.Field(t, "status") != 200.0 {
		t.Errorf("a call while the token lives: %d %s", got.Status, got.Body)
	}
	if !strings.Contains(copied.Config.Stdout.(*servertest.Buffer).String(), "lanyard restore go-on") {
		t.Error("the console does not say that it waits")
	}

	copied.Expire(t)
	if got := invoke(); got.Code() != string(lanyard.CodeRefreshUnavailable) || !strings.Contains(string(got.Body), "restored from a backup") {
		t.Errorf("a call that needs a refresh: %d %s", got.Status, got.Body)
	}
	for range 10 { // sweeps
		time.Sleep(20 * time.Millisecond) // what must not happen has no event to wait for
	}
	if refreshes := peer.Events("grant.success"); len(refreshes) > 1 {
		t.Errorf("the provider was asked: %+v", refreshes)
	}

	status, err := server.RestoredStatus(t.Context(), copied.Config, 10)
	if err != nil || !status.Paused() || len(status.Doubtful) != 1 || status.Doubtful[0].Connection != "acme" {
		t.Errorf("status: %+v, %v", status, err)
	}
	var runs *server.OriginRunsError
	if _, err := server.GoOn(t.Context(), copied.Config, false); !errors.As(err, &runs) {
		t.Errorf("going on beside the original: %v", err)
	}
	l.Stop(t)
	if went, err := server.GoOn(t.Context(), copied.Config, false); err != nil || !went {
		t.Fatalf("going on: %v, %v", went, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for got := invoke(); got.Status != 200; got = invoke() {
		if time.Now().After(deadline) {
			t.Fatalf("after going on: %d %s", got.Status, got.Body)
		}
		time.Sleep(50 * time.Millisecond) // until the running server has noticed
	}
	if went, err := server.GoOn(t.Context(), copied.Config, false); err != nil || went {
		t.Errorf("going on twice: %v, %v", went, err)
	}
}

func TestK11_HealthSaysWhichInstanceAnswers(t *testing.T) {
	ids := map[string]bool{}
	for range 2 {
		l := servertest.Start(t)
		answer, err := http.Get(l.URL + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		ids[answer.Header.Get(backup.InstanceHeader)] = true
	}
	if len(ids) != 2 || ids[""] {
		t.Errorf("instances: %v", ids)
	}
}

func TestH23_ADeletedOrganizationLeavesNothing(t *testing.T) {
	l := servertest.Start(t)
	connectedOIDC(t, l, providertest.OIDCConfig{})
	me := l.Must(t, 200, "GET /v1/me", nil)
	org := me.Field(t, "organization.id").(string)
	other := l.Organization(t, "Other")
	l.Stop(t)
	asked := 0
	refuse := errors.New("no")
	if _, err := server.DeleteOrganization(t.Context(), l.Config, org, func(*server.Ending) error { return refuse }); !errors.Is(err, refuse) {
		t.Errorf("refused: %v", err)
	}
	ended, err := server.DeleteOrganization(t.Context(), l.Config, org, func(e *server.Ending) error {
		asked++
		if e.Users != 1 || e.Connections == 0 || e.Accounts != 1 {
			t.Errorf("what ends: %+v", e)
		}
		return nil
	})
	if err != nil || asked != 1 || ended.Untold != 0 {
		t.Fatalf("%+v, %d, %v", ended, asked, err)
	}
	l.Serve(t)
	if got := l.API(t, "GET /v1/me", nil); got.Status != 401 {
		t.Errorf("its key: %d %s", got.Status, got.Body)
	}
	if got := l.As(t, other.Key, "GET /v1/me", nil); got.Status != 200 {
		t.Errorf("the key of another organization: %d %s", got.Status, got.Body)
	}
}
