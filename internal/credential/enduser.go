package credential

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"

	"lanyard"
	"lanyard/internal/store"
)

// An end user of a host application never signs in here. The browser that opens a connect session first gets a cookie,
// the flow, and the session is bound to its hash: no other browser goes on, and the consent is finished where it was
// begun. From there on such a person is a [lanyard.Caller] with a ConnectSession in the place of a Session, and walks the
// same way as everybody who connects; only what comes of it waits to be confirmed (hold, below).

// Opened is a connect session in the browser that it is bound to.
type Opened struct {
	Caller *lanyard.Caller
	Popup  bool
	Cancel string         // where the browser goes when the person does not want to
	Flow   lanyard.Secret // for the cookie
}

// OpenConnectSession says who the person is that opened the link of a connect session, with the flow cookie of the browser if it
// has one. The first browser that opens it gets it; first is false where a form is sent, which nobody does before.
func (k *Keeper) OpenConnectSession(ctx context.Context, token string, flow lanyard.Secret, first bool) (*Opened, error) {
	unknown := lanyard.Errorf(lanyard.CodeNotFound, "This link to connect is not known or too old. Go back to the application and start there again: links last half an hour.")
	if len(token) > maxToken {
		return nil, unknown
	}
	s, err := k.Store.ConnectSessionByHash(ctx, hashToken("connect session", token))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, unknown
	} else if err != nil {
		return nil, err
	}
	if s.Flow == "" && first {
		if !isFlow(flow) {
			flow = lanyard.NewSecret(rand.Text() + rand.Text())
		}
		if _, err := k.Store.BindConnectSession(ctx, s.Organization, s.ID, flowHash(flow)); err != nil {
			return nil, err
		}
		if s, err = k.Store.ConnectSession(ctx, s.Organization, s.ID); err != nil {
			return nil, err
		}
	}
	c, err := k.endUser(ctx, s, flow)
	if err != nil {
		return nil, err
	}
	return &Opened{c, s.Display == displayPopup, returnURL(s.ReturnTo, url.Values{"session": {string(s.ID)}, "error": {errAccessDenied}}), flow}, nil
}

// isFlow reports whether a cookie has the form of one that was made here.
func isFlow(flow lanyard.Secret) bool { return len(flow.Reveal()) == len(rand.Text())*2 }

func flowHash(flow lanyard.Secret) string {
	return hex.EncodeToString(hashToken("flow", flow.Reveal()))
}

// endUser is the person of a connect session, if the browser is the one that it is bound to.
func (k *Keeper) endUser(ctx context.Context, s *store.ConnectSession, flow lanyard.Secret) (*lanyard.Caller, error) {
	if s.Flow == "" || !isFlow(flow) || flowHash(flow) != s.Flow {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "This link was opened in another browser, and works only there. "+
			"If somebody sent it to you, it is not meant for you. To connect an account of your own, go to the application and start there.")
	}
	user, err := k.Store.User(ctx, s.Organization, s.User)
	if err != nil {
		return nil, err
	}
	if user.Disabled {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "The person for whom this link was made has no access any more.")
	}
	return &lanyard.Caller{Organization: s.Organization, User: user.ID, Role: user.Role, KeyOwner: user.ID, ConnectSession: s.ID}, nil
}

// sessionLink is the connect session of an end user in the form of a link.
func (k *Keeper) sessionLink(ctx context.Context, c *lanyard.Caller, token string) (*store.ConnectLink, error) {
	s, err := k.Store.ConnectSessionByHash(ctx, hashToken("connect session", token))
	if err != nil {
		return nil, err
	}
	switch {
	case s.ID != c.ConnectSession:
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such connect session.")
	case s.Status == store.SessionPending || s.Status == store.SessionConfirmed:
		return nil, lanyard.Errorf(lanyard.CodeConflict, "You connected here already. Go back to the application.")
	case s.WrongCodes >= store.MaxWrongCodes:
		return nil, lanyard.Errorf(lanyard.CodeConflict, "This link is over. Go back to the application and start there again.")
	}
	return &store.ConnectLink{Organization: s.Organization, Connection: s.Connection, User: s.User, ReturnTo: s.ReturnTo, Parameters: s.Parameters}, nil
}

// hold keeps a verified credential until the application confirms for whom it is. What the user has connected before
// stays as it is until then.
func (k *Keeper) hold(ctx context.Context, c *lanyard.Caller, con *Connection, a *lanyard.Authorization, cred *lanyard.Credential) error {
	s, err := k.Store.ConnectSession(ctx, c.Organization, c.ConnectSession)
	held := false
	if err == nil {
		held, err = k.Store.HoldPending(ctx, s, store.Pending{Authorization: *a, Credential: cred}, k.Store.Now().Add(codeLife))
	}
	if err != nil || !held {
		k.giveBack(ctx, con, cred)
	}
	if err == nil && !held {
		err = lanyard.Errorf(lanyard.CodeConflict, "The link to connect is over, or was used already. Go back to the application and start there again.")
	}
	return err
}

// endPath is the page at the end of a connect session.
func endPath(org lanyard.OrganizationID, id lanyard.ConnectSessionID) string {
	return "/connect/ended/" + string(org) + "/" + string(id)
}

// SessionEnd is what the browser learns at the end of a connect session.
type SessionEnd struct {
	Session    lanyard.ConnectSessionID
	Connection *lanyard.Connection
	Service    *lanyard.Service
	Popup      bool
	ReturnTo   string // the application's page, with what comes back in its query
	Origin     string // of that page
	// Code is for the application to confirm with. There is none, and Error instead, where connecting did not work; and
	// neither where everything is confirmed already.
	Code            lanyard.Secret
	Error           string
	Outcome, Remedy string // in words, with Error
}

// EndConnectSession ends a connect session in the browser that it is bound to. Every call makes a new code, and the one before
// is worth nothing any more.
func (k *Keeper) EndConnectSession(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID, flow lanyard.Secret) (*SessionEnd, error) {
	absent := lanyard.Errorf(lanyard.CodeNotFound, "There is nothing to finish in this browser. Go back to the application and start there again.")
	s, err := k.Store.ConnectSession(ctx, org, id)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, absent
	} else if err != nil {
		return nil, err
	}
	if _, err := k.endUser(ctx, s, flow); err != nil {
		return nil, err
	}
	con, err := k.Store.ConnectionByID(ctx, s.Organization, s.Connection)
	if err != nil {
		return nil, err
	}
	e := &SessionEnd{Session: s.ID, Connection: con, Popup: s.Display == displayPopup}
	if e.Service, err = k.Services.Of(ctx, con); err != nil {
		return nil, err
	}
	_, target, err := lanyard.ParseURL(s.ReturnTo)
	if err != nil {
		return nil, err
	}
	e.Origin = target.Origin()
	back := url.Values{"session": {string(s.ID)}}
	switch k.endUserSession(s, con).Status {
	case string(store.SessionPending):
		code := lanyard.NewSecret(rand.Text() + rand.Text()) // 260 bits
		if set, err := k.Store.SetSessionCode(ctx, s.Organization, s.ID, hashToken("connect code", code.Reveal()), k.Store.Now().Add(codeLife)); err != nil {
			return nil, err
		} else if set {
			e.Code = code
			back.Set("code", code.Reveal())
		}
	case string(store.SessionConfirmed):
	case string(store.SessionFailed):
		e.Error, e.Outcome, e.Remedy = s.Error, s.Reason, "Go back and start again."
	case "expired":
		e.Error, e.Outcome, e.Remedy = errConnectFailed, "It took longer than half an hour.", "Go back and start again."
	default:
		e.Error, e.Outcome, e.Remedy = errConnectFailed, "It was not finished.", "Go back and start again."
	}
	if e.Error != "" {
		back.Set("error", e.Error)
	}
	e.ReturnTo = returnURL(s.ReturnTo, back)
	return e, nil
}

// finisher says who comes back from the provider: the caller of the browser's session, or the end user whose browser has
// the flow cookie, as the consent was begun by the one or the other. Neither takes the other's place.
func (k *Keeper) finisher(ctx context.Context, c *lanyard.Caller, flow lanyard.Secret, req *lanyard.ConsentRequest) (*lanyard.Caller, error) {
	if req.ConnectSession == "" {
		if c == nil {
			return nil, signedOut()
		}
		return c, nil
	}
	s, err := k.Store.ConnectSession(ctx, req.OrganizationID, req.ConnectSession)
	if err != nil {
		return nil, err
	}
	return k.endUser(ctx, s, flow)
}

// asker fills in who asks an end user to connect: the organization, and the application that leads there.
func (k *Keeper) asker(ctx context.Context, c *lanyard.Caller, p *ConnectPage) error {
	org, err := k.Store.Organization(ctx, c.Organization)
	if err != nil {
		return err
	}
	p.Asker, p.Application = org.Name, hostOf(p.ReturnTo)
	return nil
}
