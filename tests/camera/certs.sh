#!/usr/bin/env bash
# Certificates for tests of TLS, in the folder given: authorities ca and other_ca, and of ca, each with
# NAME.pem and NAME.key: server (localhost, 127.0.0.1, 10.77.0.2, camera.test), wrong_name (elsewhere.test),
# expired, client; of itself: self_signed. Made in a second; nothing of it is secret.
set -euo pipefail
folder=${1:?FOLDER}
mkdir -p "$folder"
cd "$folder"
[ -s self_signed.pem ] && exit 0

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }
authority() {
    key "$1"
    openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 3650 -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}
# NAME SUBJECT_ALTERNATIVES [EXTRA OPTIONS OF openssl ca]
signed() {
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2" >"$1.ext"
    shift 2
    openssl ca -batch -notext -config ca.cnf -in "${1}.csr" -extfile "$1.ext" -out "$1.pem" "${@:2}" 2>/dev/null
}

authority ca
authority other_ca
touch index.txt
cat >ca.cnf <<'C'
[ca]
default_ca = this
[this]
database = index.txt
rand_serial = yes
unique_subject = no
certificate = ca.pem
private_key = ca.key
new_certs_dir = .
default_md = sha256
default_days = 3650
policy = any
[any]
commonName = supplied
C
signed server DNS:localhost,DNS:camera.test,IP:127.0.0.1,IP:10.77.0.2,IP:::1 server
signed wrong_name DNS:elsewhere.test wrong_name
signed expired DNS:localhost,IP:127.0.0.1 expired -startdate 20200101000000Z -enddate 20200201000000Z
signed client DNS:client.test client
key self_signed
openssl req -x509 -new -key self_signed.key -subj /CN=localhost -days 3650 -out self_signed.pem \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1
rm -f ./*.csr ./*.ext ca.cnf index.txt* ./[0-9A-F][0-9A-F][0-9A-F]*.pem
