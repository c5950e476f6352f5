//! Explains failed TLS handshakes in the operators' log, with the remedy. The client itself gets the
//! alert of TLS, as far as there is one.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// The explanation of a fault that somebody has to repair; `None` for others, such as a client that
/// went away.
pub(super) fn explain(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::NoCertificatesPresented => {
            "it shows no client certificate, and mqtt.tls.client_certificate asks for one"
        }
        Error::InvalidCertificate(fault) => certificate(fault),
        Error::PeerIncompatible(_) => "it speaks neither TLS 1.2 nor 1.3 in a way that is taken",
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown,
        ) => "it does not trust the certificate of the hub: give it the CA of mqtt.tls.certificate",
        Error::AlertReceived(AlertDescription::CertificateExpired) => {
            "the certificate of the hub has expired: renew mqtt.tls.certificate"
        }
        Error::InvalidMessage(_) => "it does not speak TLS, which this listener does",
        _ => return None,
    })
}

fn certificate(fault: &CertificateError) -> &'static str {
    match fault {
        CertificateError::UnknownIssuer => {
            "its client certificate is signed by a CA that mqtt.tls.client_ca does not hold"
        }
        CertificateError::Revoked => "its client certificate is revoked by mqtt.tls.client_crl",
        CertificateError::UnknownRevocationStatus => {
            "mqtt.tls.client_crl has no list of the CA that signed its client certificate: add it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its client certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its client certificate is not valid yet: look at the clocks"
        }
        // rustls names this cause only in the debug output.
        CertificateError::Other(other)
            if format!("{other:?}").contains("UnsupportedCertVersion") =>
        {
            "its client certificate is of X.509 version 1, and only version 3 is taken: sign it \
             again with extensions (openssl x509 -extfile)"
        }
        _ => "its client certificate is not valid",
    }
}
