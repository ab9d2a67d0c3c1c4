// Who may come in, and what they may do: two who are always known, and those of a file that is read anew each time, so
// that tests can give and take rights while the server runs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapiserver "k8s.io/apiserver/pkg/server"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	_ "k8s.io/kubernetes/pkg/apis/authentication/install"
	_ "k8s.io/kubernetes/pkg/apis/authorization/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install" // what every request is written in
	authentication "k8s.io/kubernetes/pkg/registry/authentication/rest"
	authorization "k8s.io/kubernetes/pkg/registry/authorization/rest"
	"k8s.io/kubernetes/pkg/registry/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

// Who is always known. The names are the tokens: nothing here is worth a secret.
const (
	admin  = "admin"  // may do everything
	nobody = "nobody" // may do nothing
)

// audience is whom tokens are for that say nothing else.
const audience = "https://kubernetes.default.svc"

// known is what a file of rights holds: tokens with who they stand for and whom they are for, and objects of RBAC.
type known struct {
	Tokens map[string]struct {
		Name      string   `json:"name"`
		UID       string   `json:"uid"`
		Groups    []string `json:"groups"`
		Audiences []string `json:"audiences"`
	} `json:"tokens"`
	Roles               []*rbacv1.Role               `json:"roles"`
	RoleBindings        []*rbacv1.RoleBinding        `json:"roleBindings"`
	ClusterRoles        []*rbacv1.ClusterRole        `json:"clusterRoles"`
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding `json:"clusterRoleBindings"`
}

// file names where rights are read.
type file string

func (f file) read() (known, error) {
	var found known
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

// AuthenticateToken says who a token is of, if it is for any of those that the question is for.
func (f file) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	found := &user.DefaultInfo{Name: token, Groups: []string{user.AllAuthenticated}}
	audiences := authenticator.Audiences{audience}
	switch token {
	case admin:
		found.Groups = append(found.Groups, user.SystemPrivilegedGroup)
	case nobody:
	default:
		rights, err := f.read()
		if err != nil {
			return nil, false, err
		}
		one, isKnown := rights.Tokens[token]
		if !isKnown {
			return nil, false, nil
		}
		found = &user.DefaultInfo{Name: one.Name, UID: one.UID, Groups: append(one.Groups, user.AllAuthenticated)}
		if len(one.Audiences) > 0 {
			audiences = one.Audiences
		}
	}
	response := &authenticator.Response{User: found}
	if asked, isAsked := authenticator.AudiencesFrom(ctx); isAsked {
		if response.Audiences = audiences.Intersect(asked); len(response.Audiences) == 0 {
			return nil, false, nil
		}
	}
	return response, true, nil
}

// Authorize says whether somebody may do something: by RBAC, unless they may do everything.
func (f file) Authorize(ctx context.Context, asked authorizer.Attributes) (authorizer.Decision, string, error) {
	for _, group := range asked.GetUser().GetGroups() {
		if group == user.SystemPrivilegedGroup {
			return authorizer.DecisionAllow, "", nil
		}
	}
	rights, err := f.read()
	if err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	_, roles := validation.NewTestRuleResolver(
		rights.Roles, rights.RoleBindings, rights.ClusterRoles, rights.ClusterRoleBindings)
	return rbac.New(roles, roles, roles, roles).Authorize(ctx, asked)
}

// letIn says who may come in, and to what.
func letIn(config *genericapiserver.Config, path string) {
	config.Authentication.Authenticator = bearertoken.New(file(path))
	config.Authentication.APIAudiences = authenticator.Audiences{audience}
	config.Authorization.Authorizer = authorizer.AuthorizerFunc(file(path).Authorize)
}

// serveReviews answers TokenReviews and SubjectAccessReviews by what is said of those who come in.
func serveReviews(server *genericapiserver.GenericAPIServer, path string) error {
	served := serverstorage.NewResourceConfig()
	served.EnableVersions(authenticationv1.SchemeGroupVersion, authorizationv1.SchemeGroupVersion)
	tokens, err := authentication.RESTStorageProvider{
		Authenticator: bearertoken.New(file(path)), APIAudiences: authenticator.Audiences{audience},
	}.NewRESTStorage(served, nil)
	if err != nil {
		return err
	}
	access, err := authorization.RESTStorageProvider{Authorizer: server.Authorizer}.NewRESTStorage(served, nil)
	if err != nil {
		return err
	}
	return server.InstallAPIGroups(&tokens, &access)
}
