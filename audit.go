package lanyard

import "time"

// Action names a change for the audit log: "service.create", "connection.revoke".
type Action string

const (
	ActionOrganizationCreate Action = "organization.create"
	ActionOrganizationRename Action = "organization.rename"
	ActionSignIn             Action = "user.sign_in"
	ActionSignInFailed       Action = "user.sign_in_failed"
	ActionPasswordSet        Action = "user.password.set"
	ActionPasswordChange     Action = "user.password.change"
	ActionResetLinkCreate    Action = "user.password.reset_link"
	ActionPasswordReset      Action = "user.password.reset"
	ActionSingleSignOnSet    Action = "organization.single_sign_on.set"
	ActionSingleSignOnDelete Action = "organization.single_sign_on.delete"
	ActionSingleSignOnLink   Action = "user.single_sign_on.link"
	ActionSingleSignOnJoin   Action = "user.single_sign_on.join"
	ActionSingleSignOnRole   Action = "user.single_sign_on.role"
	ActionSessionsEnd        Action = "user.sessions.end"
	ActionUserCreate         Action = "user.create"
	ActionUserEdit           Action = "user.edit"
	ActionUserDisable        Action = "user.disable"
	ActionUserEnable         Action = "user.enable"
	ActionUserRemove         Action = "user.remove"
	ActionUserHandOver       Action = "user.hand_over"
	ActionKeyCreate          Action = "api_key.create"
	ActionKeyEdit            Action = "api_key.edit"
	ActionKeyDelete          Action = "api_key.delete"
	ActionKeyRotate          Action = "api_key.rotate"
	ActionKeyEndPrevious     Action = "api_key.end_previous"
	ActionSignInLinkCreate   Action = "sign_in_link.create"
	ActionInvitationCreate   Action = "invitation.create"
	ActionInvitationRevoke   Action = "invitation.revoke"
	ActionInvitationAccept   Action = "invitation.accept"
	ActionServiceCreate      Action = "service.create"
	ActionServiceEdit        Action = "service.edit"
	ActionServiceDelete      Action = "service.delete"
	ActionClientSet          Action = "service.client.set"
	ActionConnectionCreate   Action = "connection.create"
	ActionConnectionEdit     Action = "connection.edit"
	ActionConnectionDelete   Action = "connection.delete"
	ActionConnect            Action = "authorization.connect"
	ActionConnectFailed      Action = "authorization.connect_failed"
	ActionConnectSession     Action = "connect_session.create"
	ActionConnectRefused     Action = "connect_session.refuse"
	ActionRevoke             Action = "authorization.revoke"
	ActionRemoveUser         Action = "authorization.remove"
	ActionRefresh            Action = "authorization.refresh"
	ActionReconnectRequired  Action = "authorization.reconnect_required"
	ActionProviderRevocation Action = "authorization.provider_revocation"
	ActionWebhookCreate      Action = "webhook.create"
	ActionWebhookEdit        Action = "webhook.edit"
	ActionWebhookDelete      Action = "webhook.delete"
	ActionWebhookSecret      Action = "webhook.secret.rotate"
	ActionWebhookSwitchOff   Action = "webhook.switch_off"
	ActionFunctionCreate     Action = "function.create"
	ActionFunctionEdit       Action = "function.edit"
	ActionFunctionDelete     Action = "function.delete"
	ActionFunctionHook       Action = "function.hook.create"
	ActionFunctionHookEnd    Action = "function.hook.delete"
	ActionExtensionPublish   Action = "extension.publish"
	ActionExtensionWithdraw  Action = "extension.withdraw"
	ActionExtensionInstall   Action = "extension.install"
	ActionExtensionUpdate    Action = "extension.update"
	ActionExtensionEdit      Action = "extension.edit"
	ActionExtensionUninstall Action = "extension.uninstall"
	ActionExtensionGone      Action = "extension.gone"
)

// AuditEntry says who did what to what. It is written in the transaction of the change itself, so a change that was
// acknowledged is in the log. It never holds a secret.
type AuditEntry struct {
	ID             AuditID
	OrganizationID OrganizationID
	At             time.Time
	Actor          UserID   // empty: Lanyard itself (the background sweep)
	OnBehalfOf     UserID   // the acting user, where a key acts for somebody else
	Key            APIKeyID // empty: a browser session or Lanyard itself
	Action         Action
	Object         string // id of the thing
	ObjectName     string // its link name or e-mail at the time
	Detail         map[string]string
}

// Audit begins an entry for something that the caller does.
func (c *Caller) Audit(action Action, object, name string) AuditEntry {
	e := AuditEntry{OrganizationID: c.Organization, Actor: c.KeyOwner, Key: c.Key, Action: action, Object: object, ObjectName: name}
	if c.User != c.KeyOwner {
		e.OnBehalfOf = c.User
	}
	return e
}
