//! A provisioned and filled domain, made once and kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::seed;

const REALM: &str = "CORP.EXAMPLE.TEST";

/// The folder with the domain; made now unless an earlier test made it.
pub(crate) fn template() -> Result<PathBuf, String> {
    let version = output(Command::new("samba").arg("--version"))?;
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = domain::digest::digest(&(version, seed::ldif(), seed::changes(), include_str!("domain.rs")));
    let folder = kept.join(format!("samba-{}", &name[..16]));
    // Tests run at the same time, in processes of their own.
    let lock = File::create(kept.join("samba.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if !folder.exists() {
        let unfinished = tempfile::tempdir_in(kept).map_err(|error| error.to_string())?;
        provision(unfinished.path())?;
        fs::rename(unfinished.keep(), &folder).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

fn provision(folder: &Path) -> Result<(), String> {
    output(Command::new("samba-tool").args(["domain", "provision"]).args([
        &format!("--targetdir={}", folder.display()),
        &format!("--realm={REALM}"),
        "--domain=CORP",
        "--server-role=dc",
        "--dns-backend=NONE",
        "--adminpass=Passw0rd!Admin",
        "--host-name=dc1",
        "--host-ip=127.0.0.1",
        "--option=interfaces=lo",
        "--option=bind interfaces only=yes",
    ]))?;
    configure(folder, "127.0.0.1")?;
    change(folder, "ldbadd", &seed::ldif(), &[])?;
    change(folder, "ldbmodify", &seed::changes(), &[])?;
    let reader =
        output(Command::new("ldbsearch").args(["-H", &database(folder), "(sAMAccountName=reader)", "objectSid"]))?;
    let sid = reader.lines().find_map(|line| line.strip_prefix("objectSid: ")).ok_or("the reader has no SID")?;
    // Only system and administrators may see deleted objects, and now this account.
    let rights = format!("O:SYG:SYD:PAI(A;CI;RPWPCCDCLCRCWOWDSDSW;;;SY)(A;CI;RPLC;;;BA)(A;CI;RPLC;;;{sid})");
    let grant = format!(
        "dn: CN=Deleted Objects,{}\nchangetype: modify\nreplace: nTSecurityDescriptor\nnTSecurityDescriptor: {rights}\n",
        seed::DOMAIN
    );
    change(folder, "ldbmodify", &grant, &["--controls=show_deleted:1"])
}

/// Writes Samba's configuration for a folder: everything inside of it, nothing but LDAP, on one address.
pub(crate) fn configure(folder: &Path, address: &str) -> Result<(), String> {
    let at = |name: &str| folder.join(name).display().to_string();
    let settings = [
        ("netbios name", "DC1".to_owned()),
        ("realm", REALM.to_owned()),
        ("workgroup", "CORP".to_owned()),
        ("server role", "active directory domain controller".to_owned()),
        ("server services", "ldap".to_owned()),
        ("interfaces", format!("{address}/8")),
        ("bind interfaces only", "yes".to_owned()),
        ("binddns dir", at("bind-dns")),
        ("cache directory", at("cache")),
        ("lock directory", at("")),
        ("private dir", at("private")),
        ("state directory", at("state")),
        ("pid directory", at("run")),
        ("ncalrpc dir", at("ncalrpc")),
        ("winbindd socket directory", at("winbindd")),
        ("ntp signd socket directory", at("ntp")),
        ("log file", at("log.samba")),
        ("logging", "file".to_owned()),
        ("tls enabled", "yes".to_owned()),
        ("tls certfile", at("dc.pem")),
        ("tls keyfile", at("dc.key")),
        ("tls cafile", at("ca.pem")),
    ];
    let lines: String = settings.iter().map(|(name, value)| format!("\t{name} = {value}\n")).collect();
    let written = ["cache", "run"]
        .iter()
        .try_for_each(|name| fs::create_dir_all(folder.join(name)))
        .and_then(|()| fs::write(configuration(folder), format!("[global]\n{lines}")));
    written.map_err(|error| error.to_string())
}

pub(crate) fn configuration(folder: &Path) -> PathBuf {
    folder.join("etc/smb.conf")
}

fn database(folder: &Path) -> String {
    folder.join("private/sam.ldb").display().to_string()
}

/// Changes the domain, whether its controller runs or not.
pub(crate) fn change(folder: &Path, tool: &str, ldif: &str, more: &[&str]) -> Result<(), String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    fs::write(&file, ldif).map_err(|error| error.to_string())?;
    let mut command = Command::new(tool);
    command.args(["-H", &database(folder)]).arg(format!("--configfile={}", configuration(folder).display()));
    output(command.args(more).arg(file.path())).map(drop)
}

fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let done = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    if !done.status.success() {
        let told = [done.stdout, done.stderr].concat();
        return Err(format!("{name}: {}", String::from_utf8_lossy(&told)));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
