package account

import (
	"errors"
	"net/mail"
)

// checkEmail takes an address in lower case.
func checkEmail(email string) error {
	if addr, err := mail.ParseAddress(email); err != nil || addr.Address != email || len(email) > maxEmail {
		return errors.New("this is not an e-mail address")
	}
	return nil
}
