package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"lanyard/internal/vault"
)

func newVault(t testing.TB) *vault.Vault {
	t.Helper()
	key, err := vault.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return unlocked(t, key)
}

func unlocked(t testing.TB, key vault.Key) *vault.Vault {
	t.Helper()
	sealed, err := key.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	v, err := key.OpenKeyset(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func seal(t testing.TB, v *vault.Vault, plaintext string, at vault.Cell) []byte {
	t.Helper()
	sealed, err := v.Seal([]byte(plaintext), at)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

var cell = vault.Cell{Organization: "org_a", Table: "authorizations", Row: "azn_1", Column: "credential_sealed", Version: 7}

func TestSealAndOpen(t *testing.T) {
	v := newVault(t)
	for _, plaintext := range []string{"", "x", "secret", strings.Repeat("long ", 20_000)} {
		sealed := seal(t, v, plaintext, cell)
		opened, err := v.Open(sealed, cell)
		if err != nil || string(opened) != plaintext {
			t.Errorf("%d bytes: opened %d bytes, %v", len(plaintext), len(opened), err)
		}
		if len(sealed) != len(plaintext)+45 {
			t.Errorf("%d bytes were sealed to %d, want 45 more", len(plaintext), len(sealed))
		}
	}
}

func TestK02_OneBitFlipped(t *testing.T) {
	v := newVault(t)
	sealed := seal(t, v, "a secret", cell)
	for bit := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if _, err := v.Open(changed, cell); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("bit %d flipped: got %v, want ErrSealed", bit, err)
		}
	}
	for cut := range len(sealed) {
		if _, err := v.Open(sealed[:cut], cell); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("cut to %d bytes: got %v, want ErrSealed", cut, err)
		}
	}
	if _, err := v.Open(nil, cell); err == nil || !strings.Contains(err.Error(), "authorizations.credential_sealed of row azn_1 in organization org_a") {
		t.Errorf("the error does not name the cell: %v", err)
	}
}

func TestK03_OpensOnlyInItsCell(t *testing.T) {
	v := newVault(t)
	sealed := seal(t, v, "a secret", cell)
	for name, change := range map[string]func(*vault.Cell){
		"organization": func(c *vault.Cell) { c.Organization = "org_b" },
		"table":        func(c *vault.Cell) { c.Table = "services" },
		"row":          func(c *vault.Cell) { c.Row = "azn_2" },
		"column":       func(c *vault.Cell) { c.Column = "other_sealed" },
		"old value":    func(c *vault.Cell) { c.Version = 8 },
		"later value":  func(c *vault.Cell) { c.Version = 6 },
		// Without the lengths these would be the same bytes.
		"shifted": func(c *vault.Cell) { c.Table, c.Row = "authorization", "sazn_1" },
		"empty":   func(c *vault.Cell) { *c = vault.Cell{} },
	} {
		other := cell
		change(&other)
		if _, err := v.Open(sealed, other); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", name, err)
		}
	}
}

// A nonce of 192 random bits may repeat with a probability of 2^-65 among 2^64 values; what this test can show is that
// the nonces are random, and that equal plaintexts do not look equal.
func TestK05_NoncesAreUnique(t *testing.T) {
	v := newVault(t)
	const prefix, nonce = 5, 24 // Tink's: a format byte and the key id; then XChaCha20's nonce
	rounds := 200_000
	if testing.Short() {
		rounds = 20_000
	}
	seen, values := make(map[[nonce]byte]bool, rounds), make(map[string]bool, rounds)
	for range rounds {
		sealed := seal(t, v, "the same", cell)
		seen[[nonce]byte(sealed[prefix:])] = true
		values[string(sealed[prefix+nonce:])] = true
	}
	if len(seen) != rounds || len(values) != rounds {
		t.Errorf("%d values have %d nonces and %d ciphertexts", rounds, len(seen), len(values))
	}
}

func TestK06_KeysetNeedsItsKey(t *testing.T) {
	one, err := vault.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	two, err := vault.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	keyset, err := one.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.OpenKeyset(keyset); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("another key: got %v, want ErrSealed", err)
	}
	for bit := range len(keyset) * 8 {
		changed := bytes.Clone(keyset)
		changed[bit/8] ^= 1 << (bit % 8)
		// The outer encoding also carries the key's id in the clear, for people; it is not what the key comes from.
		v, err := one.OpenKeyset(changed)
		if err == nil {
			if _, err = v.Open(seal(t, v, "x", cell), cell); err != nil {
				t.Errorf("bit %d: a changed keyset opened but does not work", bit)
			}
			continue
		}
		if !errors.Is(err, vault.ErrSealed) {
			t.Errorf("bit %d: got %v, want ErrSealed", bit, err)
		}
	}
	for _, junk := range [][]byte{nil, {}, []byte("junk"), keyset[:len(keyset)/2]} {
		if _, err := one.OpenKeyset(junk); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%d bytes of junk: got %v, want ErrSealed", len(junk), err)
		}
	}
}

func TestK08_LabelsKeepKindsApart(t *testing.T) {
	key, err := vault.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v := unlocked(t, key)
	// What is sealed with the data keys does not open as a keyset, nor in a cell without a name.
	if _, err := key.OpenKeyset(seal(t, v, "x", cell)); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("a cell opened as a keyset: %v", err)
	}
}

func TestK17_UnknownFormatIsRefused(t *testing.T) {
	v := newVault(t)
	sealed := seal(t, v, "a secret", cell)
	sealed[0]++ // the format byte
	if _, err := v.Open(sealed, cell); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("got %v, want ErrSealed", err)
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	key, err := vault.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, key); got != "[redacted]" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	v := newVault(f)
	f.Add(seal(f, v, "a secret", cell))
	f.Add([]byte{1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := v.Open(sealed, vault.Cell{}); err == nil {
			t.Fatal("something opened")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	v := newVault(b)
	plaintext := bytes.Repeat([]byte("x"), 2000)
	b.SetBytes(int64(len(plaintext)))
	for b.Loop() {
		if _, err := v.Seal(plaintext, cell); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	v := newVault(b)
	sealed := seal(b, v, strings.Repeat("x", 2000), cell)
	b.SetBytes(2000)
	for b.Loop() {
		if _, err := v.Open(sealed, cell); err != nil {
			b.Fatal(err)
		}
	}
}
