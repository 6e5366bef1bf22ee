package backup

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"lanyard"
)

// Encryption says who can open a backup.
type Encryption struct {
	recipients []age.Recipient
	// own opens it again for as long as this process lives, to check what was written.
	own []age.Identity
}

// ToRecipients encrypts to the holders of age identities. Text has a recipient (age1…) on each line; empty lines and those that begin with # mean nothing.
func ToRecipients(text string) (*Encryption, error) {
	recipients, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the recipients, which begin with age1: %w", err)
	}
	e := &Encryption{recipients: recipients}
	// A recipient's secret key is elsewhere, so the file is encrypted to one more, whose key is forgotten with the process.
	if _, ok := recipients[0].(*age.HybridRecipient); ok { // these do not go together with others
		own, err := age.GenerateHybridIdentity()
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		e.recipients, e.own = append(e.recipients, own.Recipient()), []age.Identity{own}
		return e, nil
	}
	own, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	e.recipients, e.own = append(e.recipients, own.Recipient()), []age.Identity{own}
	return e, nil
}

// leastPassphrase is the fewest characters of a passphrase: a backup can be guessed at for as long as somebody likes.
const leastPassphrase = 12

// ToPassphrase encrypts with a passphrase of at least 12 characters.
func ToPassphrase(passphrase lanyard.Secret) (*Encryption, error) {
	if len([]rune(passphrase.Reveal())) < leastPassphrase {
		return nil, fmt.Errorf("the passphrase has fewer than %d characters: take a longer one, for whoever has the file can guess as often as they like", leastPassphrase)
	}
	recipient, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, fmt.Errorf("use the passphrase: %w", err)
	}
	own, err := FromPassphrase(passphrase)
	if err != nil {
		return nil, err
	}
	return &Encryption{[]age.Recipient{recipient}, own.identities}, nil
}

// Decryption opens backups.
type Decryption struct{ identities []age.Identity }

// FromIdentities opens with age identities (AGE-SECRET-KEY-…), one on each line.
func FromIdentities(text lanyard.Secret) (*Decryption, error) {
	identities, err := age.ParseIdentities(strings.NewReader(text.Reveal()))
	if err != nil {
		return nil, errors.New("the identity file holds no age identity: a line of it begins with AGE-SECRET-KEY-") // err could quote it
	}
	return &Decryption{identities}, nil
}

// FromPassphrase opens with a passphrase.
func FromPassphrase(passphrase lanyard.Secret) (*Decryption, error) {
	identity, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, fmt.Errorf("use the passphrase: %w", err)
	}
	return &Decryption{[]age.Identity{identity}}, nil
}

func (d *Decryption) open(file io.Reader) (io.Reader, error) {
	plain, err := age.Decrypt(file, d.identities...)
	var nobody *age.NoIdentityMatchError
	switch {
	case errors.As(err, &nobody):
		return nil, errors.New("the backup does not open with this passphrase or identity: give the one that it was made for")
	case err != nil:
		return nil, fmt.Errorf("this is no backup, or a damaged one: %w", err)
	}
	return plain, nil
}
