//! `docket agent key`: the key of an owner's wallet, and where it lies.

use crate::data::random;
use anyhow::{Context, Result};
use clap::Subcommand;
use docket_core::agent::identity::Wallet;
use docket_core::id::Dialect;
use docket_core::ledger::Account;
use docket_protocol::wallet::WalletKey;
use serde::Serialize;
use std::env::VarError;
use std::path::{Path, PathBuf};

/// Where the key lies if nobody says where.
const USUAL_FILE: &str = "docket-agent.key";
/// Where it stands instead of in a file. There is no argument for it: others can see arguments.
const VARIABLE: &str = "DOCKET_AGENT_KEY";

/// What to do with a wallet's key.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key in a new file that only its owner can read, and show its address and account.
    New(New),
    /// Show the address of a key, and its owner's account in the books.
    Show(Show),
}

#[derive(clap::Args)]
struct New {
    /// The file, which must not be there yet.
    #[arg(long, value_name = "FILE", default_value = USUAL_FILE)]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Show {
    #[command(flatten)]
    key: KeyFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Where the key is.
#[derive(clap::Args, Clone)]
pub(super) struct KeyFile {
    /// The file with the key of the owner's wallet [default: the key itself in the environment variable DOCKET_AGENT_KEY,
    /// or else ./docket-agent.key].
    #[arg(long, value_name = "FILE", visible_alias = "wallet")]
    key_file: Option<PathBuf>,
}

/// Whose a key is.
#[derive(Serialize)]
struct Owner {
    address: String,
    account: String,
}

impl KeyFile {
    /// Whether there is a key, in any of the places.
    pub(super) fn is_there(&self) -> bool {
        self.key_file.is_some() || std::env::var_os(VARIABLE).is_some() || Path::new(USUAL_FILE).exists()
    }

    /// The key. A file that others may read is refused.
    pub(super) fn read(&self) -> Result<WalletKey> {
        if let Some(path) = &self.key_file {
            return Ok(WalletKey::load(path)?);
        }
        match std::env::var(VARIABLE) {
            Ok(digits) => WalletKey::from_hex(&digits).context(VARIABLE),
            Err(VarError::NotUnicode(_)) => anyhow::bail!("{VARIABLE} is no text"),
            Err(VarError::NotPresent) => WalletKey::load(Path::new(USUAL_FILE)).context(
                "this needs the key of a wallet; make one with `docket agent key new`, name its file with --key-file, \
                 or set DOCKET_AGENT_KEY",
            ),
        }
    }
}

/// Carries out the action.
pub(super) fn run(args: &Args) -> Result<()> {
    match &args.action {
        Action::New(args) => {
            let key = WalletKey::from_bytes(&random()?)?;
            key.save(&args.out)?;
            show(&key, args.json)?;
            eprintln!("The key lies in {}: whoever has it is the owner.", args.out.display());
            Ok(())
        }
        Action::Show(args) => show(&args.key.read()?, args.json),
    }
}

fn show(key: &WalletKey, json: bool) -> Result<()> {
    let address = key.address();
    let account = Account::Client(Wallet::from(address).client(Dialect::Agents)).to_string();
    let owner = Owner { address: address.to_string(), account };
    match json {
        true => println!("{}", serde_json::to_string(&owner)?),
        false => println!("address  {}\naccount  {}", owner.address, owner.account),
    }
    Ok(())
}
