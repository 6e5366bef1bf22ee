package store

import (
	"encoding/json"
	"errors"

	"lanyard"
	"lanyard/internal/vault"
)

// The sealed columns, each with the row that it is nailed to. A version is one that the row itself carries, so that
// an older value of the same row does not open in it.

func serviceCell(org lanyard.OrganizationID, id lanyard.ServiceID, version int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "services", Row: string(id), Column: "secret_sealed", Version: version}
}

func clientCell(org lanyard.OrganizationID, service lanyard.LinkName, version int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "oauth_clients", Row: string(service), Column: "client_secret_sealed", Version: version}
}

func credentialCell(org lanyard.OrganizationID, id lanyard.AuthorizationID, generation int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "authorizations", Row: string(id), Column: "credential_sealed", Version: generation}
}

func signOnCell(org lanyard.OrganizationID, version int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "single_sign_on", Row: string(org), Column: "client_secret_sealed", Version: version}
}

// The rows of the next four are written once and never again.

func connectLinkCell(org lanyard.OrganizationID, hash string) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "connect_links", Row: hash, Column: "parameters_sealed", Version: 1}
}

func consentCell(org lanyard.OrganizationID, id lanyard.ConsentRequestID) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "consent_requests", Row: string(id), Column: "secrets_sealed", Version: 1}
}

func sessionParametersCell(org lanyard.OrganizationID, id lanyard.ConnectSessionID) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "connect_sessions", Row: string(id), Column: "parameters_sealed", Version: 1}
}

func pendingCell(org lanyard.OrganizationID, id lanyard.ConnectSessionID, version int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "connect_sessions", Row: string(id), Column: "credential_sealed", Version: version}
}

func signInRequestCell(org lanyard.OrganizationID, stateHash string) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "sign_in_requests", Row: stateHash, Column: "secrets_sealed", Version: 1}
}

func revocationCell(org lanyard.OrganizationID, id string) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "provider_revocations", Row: id, Column: "request_sealed", Version: 1}
}

// seal seals plaintext and wipes it.
func (s *Store) seal(plaintext []byte, at vault.Cell) ([]byte, error) {
	defer clear(plaintext)
	return s.vault.Seal(plaintext, at)
}

// sealSecret seals one secret; the empty one is NULL.
func (s *Store) sealSecret(secret lanyard.Secret, at vault.Cell) ([]byte, error) {
	if secret.IsZero() {
		return nil, nil
	}
	return s.seal([]byte(secret.Reveal()), at)
}

func (s *Store) openSecret(sealed []byte, at vault.Cell) (lanyard.Secret, error) {
	if sealed == nil {
		return lanyard.Secret{}, nil
	}
	plaintext, err := s.vault.Open(sealed, at)
	if err != nil {
		return lanyard.Secret{}, err
	}
	defer clear(plaintext)
	return lanyard.NewSecret(string(plaintext)), nil
}

func (s *Store) sealCredential(c *lanyard.Credential, at vault.Cell) ([]byte, error) {
	plaintext, err := c.Plaintext()
	if err != nil {
		return nil, errors.New("a credential cannot be encoded") // err could quote it
	}
	return s.seal(plaintext, at)
}

func (s *Store) openCredential(sealed []byte, at vault.Cell) (*lanyard.Credential, error) {
	plaintext, err := s.vault.Open(sealed, at)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	return lanyard.ParseCredential(plaintext)
}

// sealTexts seals a map of texts; an empty one is NULL.
func (s *Store) sealTexts(texts map[string]string, at vault.Cell) ([]byte, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	plaintext, err := json.Marshal(texts)
	if err != nil {
		return nil, errors.New("parameter values cannot be encoded") // err could quote them
	}
	return s.seal(plaintext, at)
}

func (s *Store) openTexts(sealed []byte, at vault.Cell) (texts map[string]string, err error) {
	if sealed == nil {
		return texts, nil
	}
	plaintext, err := s.vault.Open(sealed, at)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	if json.Unmarshal(plaintext, &texts) != nil {
		return nil, errors.New("the opened parameter values cannot be read") // the cause could quote them
	}
	return texts, nil
}

// sealedConsent is the plaintext of a consent request's secrets.
type sealedConsent struct {
	CodeVerifier       string            `json:"code_verifier,omitempty"`
	RequestToken       string            `json:"request_token,omitempty"`
	RequestTokenSecret string            `json:"request_token_secret,omitempty"`
	Parameters         map[string]string `json:"parameters,omitempty"`
}

func (s *Store) sealConsent(c lanyard.ConsentSecrets, at vault.Cell) ([]byte, error) {
	plaintext, err := json.Marshal(sealedConsent{
		CodeVerifier: c.CodeVerifier.Reveal(), RequestToken: c.RequestToken.Reveal(), RequestTokenSecret: c.RequestTokenSecret.Reveal(),
		Parameters: c.Parameters,
	})
	if err != nil {
		return nil, errors.New("the secrets of a consent request cannot be encoded") // err could quote them
	}
	return s.seal(plaintext, at)
}

// openConsent opens the secrets of a consent request; they are empty once it was used.
func (s *Store) openConsent(sealed []byte, at vault.Cell) (lanyard.ConsentSecrets, error) {
	if len(sealed) == 0 {
		return lanyard.ConsentSecrets{}, nil
	}
	plaintext, err := s.vault.Open(sealed, at)
	if err != nil {
		return lanyard.ConsentSecrets{}, err
	}
	defer clear(plaintext)
	var c sealedConsent
	if json.Unmarshal(plaintext, &c) != nil {
		return lanyard.ConsentSecrets{}, errors.New("the opened secrets of a consent request cannot be read") // the cause could quote them
	}
	return lanyard.ConsentSecrets{
		CodeVerifier: lanyard.NewSecret(c.CodeVerifier), RequestToken: lanyard.NewSecret(c.RequestToken),
		RequestTokenSecret: lanyard.NewSecret(c.RequestTokenSecret), Parameters: c.Parameters,
	}, nil
}
