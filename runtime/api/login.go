package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"domovoi.dev/sdk/slnet"
)

// maxLogin bounds the body of a login, which nobody has vouched for.
const maxLogin = 16 << 10

// login is POST /login: {"User": ..., "Password": ...} in JSON, answered with a
// CreateTokenResponse in JSON.
func (e *edge) login(w http.ResponseWriter, r *http.Request) {
	if err := checkContent(r, jsonForm); err != nil {
		e.fail(w, r, http.StatusUnsupportedMediaType, err)
		return
	}
	response, err := e.logIn(w, r)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	b, err := json.Marshal(response)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	send(w, http.StatusOK, jsonForm.contentType, b)
}

func (e *edge) logIn(w http.ResponseWriter, r *http.Request) (slnet.CreateTokenResponse, error) {
	body, err := readBody(w, r, maxLogin)
	if err != nil {
		return slnet.CreateTokenResponse{}, err
	}
	var credentials struct{ User, Password string }
	if err := slnet.StrictJSON(body, &credentials); err != nil {
		return slnet.CreateTokenResponse{}, slnet.Errorf(slnet.KindInvalid,
			`malformed JSON: want {"User": ..., "Password": ...}: %v`, err)
	}
	attempt, ok := e.attempts.begin(r, credentials.User, time.Now())
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(attemptEvery.Seconds())))
		return slnet.CreateTokenResponse{}, slnet.Errorf(slnet.KindRateLimited,
			"too many attempts to log in as %q; try again in %s", credentials.User, attemptEvery)
	}
	response, err := e.Login(r.Context(), credentials.User, credentials.Password)
	if err == nil {
		e.attempts.succeed(attempt)
	}
	return response, err
}
