package vault_test

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lanyard/internal/vault"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	key, err := vault.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Write(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the key file has mode %v, want 0600 (%v)", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, want the key file alone (%v)", entries, err)
	}
	again, err := vault.ReadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	keyset, err := key.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.OpenKeyset(keyset); err != nil {
		t.Errorf("the key that was read back does not open the keyset: %v", err)
	}

	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Write(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("writing over a key file: got %v, want ErrExist", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the key file was changed (%v)", err)
	}
	if err := key.Write(filepath.Join(t.TempDir(), "absent", "master.key")); err == nil {
		t.Error("a key was written into a directory that is not there")
	}
}

func TestK04_ReadKey(t *testing.T) {
	good := "lanyard-key-1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	for _, test := range []struct {
		name, content string
		mode          os.FileMode
		fault         vault.KeyFault // empty: it is fine
		says          string
	}{
		{"good", good, 0o600, "", ""},
		{"with a line end", good + "\n", 0o600, "", ""},
		{"with a line end of Windows", good + "\r\n", 0o600, "", ""},
		{"read only", good, 0o400, "", ""},
		{"readable by the group", good, 0o640, vault.KeyExposed, "chmod 600"},
		{"readable by everybody", good, 0o644, vault.KeyExposed, "mode 0644"},
		{"writable by others", good, 0o602, vault.KeyExposed, "chmod 600"},
		{"empty", "", 0o600, vault.KeyMalformed, "lanyard-key-1:"},
		{"short", good[:len(good)-8], 0o600, vault.KeyMalformed, "27 bytes"},
		{"one character short", good[:len(good)-1], 0o600, vault.KeyMalformed, "base64"},
		{"long", "lanyard-key-1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 33))), 0o600, vault.KeyMalformed, "33 bytes"},
		{"bare base64", good[len("lanyard-key-1:"):], 0o600, vault.KeyMalformed, "lanyard-key-1:"},
		{"of a later version", "lanyard-key-2:" + good[len("lanyard-key-1:"):], 0o600, vault.KeyMalformed, "this version"},
		{"not base64", "lanyard-key-1:" + strings.Repeat("*", 44), 0o600, vault.KeyMalformed, "base64"},
		{"two lines", good + "\n" + good, 0o600, vault.KeyMalformed, "base64"},
		{"another file", strings.Repeat("x", 1<<20), 0o600, vault.KeyMalformed, "lanyard-key-1:"},
		{"a key and much more", good + strings.Repeat("\n", 1<<20), 0o600, vault.KeyMalformed, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "master.key")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := vault.ReadKey(path)
			checkFault(t, err, test.fault, path, test.says)
		})
	}
	t.Run("missing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "master.key")
		_, err := vault.ReadKey(path)
		checkFault(t, err, vault.KeyMissing, path, "is missing")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want ErrNotExist", err)
		}
	})
	t.Run("directory", func(t *testing.T) {
		path := t.TempDir()
		_, err := vault.ReadKey(path)
		checkFault(t, err, vault.KeyMalformed, path, "regular file")
	})
}

func checkFault(t *testing.T, err error, fault vault.KeyFault, path, says string) {
	t.Helper()
	if fault == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var k *vault.KeyError
	if !errors.As(err, &k) || k.Fault != fault || k.Path != path {
		t.Fatalf("got %v, want the fault %q of %s", err, fault, path)
	}
	if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
		t.Errorf("the error does not say %q and name the file: %v", says, err)
	}
	if strings.Contains(err.Error(), "a2tra2tra") { // base64 of the k's
		t.Errorf("the error holds key material: %v", err)
	}
}
