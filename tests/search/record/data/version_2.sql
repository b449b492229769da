BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'s');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,1,'study:metric_names','["validation accuracy"]');
INSERT INTO "study_system_attributes" VALUES(2,1,'dashboard:1:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(3,1,'dashboard:1:note_str:0','"**Finalist, rank 1 of 1.** Test accuracy 0.5669, 95% interval 0.0000 to 1.0000, test loss 1.2540, validation accuracy 0.7583; means over 2 seeds.\n"');
INSERT INTO "study_system_attributes" VALUES(4,1,'dashboard:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(5,1,'dashboard:note_str:0','"**Trial 0, the baseline \u201cknown\u201d, wins: test accuracy 0.5669 (95% interval 0.0000 to 1.0000).**\n\nNo trial of the search did better than what its author already knew.\n\nIt is the only finalist.\n\nThe search&#39;s best validation score, 0.8583 (trial 0), was optimistic by 0.1000: trained again on the same images under 2 new seeds, that configuration comes to 0.7583.\n\n| | | |\n|---|---|---|\n| test accuracy | 0.5669 | 0.0000 to 1.0000; 2 seeds \u00d7 359 images |\n| optimism of the search | +0.1000 | best score 0.8583, again 0.7583 |\n\n[The whole report](/reports/s)\n"');
INSERT INTO "study_system_attributes" VALUES(6,1,'artifacts:7f94ac85-cc0d-5cca-8e91-d8001955d8dd','"{\"artifact_id\": \"7f94ac85-cc0d-5cca-8e91-d8001955d8dd\", \"filename\": \"report.html\", \"encoding\": null, \"mimetype\": \"text/html\"}"');
INSERT INTO "study_system_attributes" VALUES(7,1,'dashboard:artifacts:1:b385afa9-7fc2-574d-90fb-9bd8f7454c4b','"{\"artifact_id\": \"b385afa9-7fc2-574d-90fb-9bd8f7454c4b\", \"filename\": \"trial-0-epochs.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO "study_system_attributes" VALUES(8,1,'dashboard:artifacts:1:2371cbd6-6248-5ee8-99d8-04ca5d08f8a0','"{\"artifact_id\": \"2371cbd6-6248-5ee8-99d8-04ca5d08f8a0\", \"filename\": \"trial-0-confusion.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO "study_system_attributes" VALUES(9,1,'dashboard:artifacts:1:4f527005-f699-59b2-9fc5-370555dddbff','"{\"artifact_id\": \"4f527005-f699-59b2-9fc5-370555dddbff\", \"filename\": \"trial-0-seed-0.safetensors\", \"encoding\": null, \"mimetype\": \"application/octet-stream\"}"');
INSERT INTO "study_system_attributes" VALUES(10,1,'studyhall:shelf','["artifacts:7f94ac85-cc0d-5cca-8e91-d8001955d8dd", "dashboard:artifacts:1:2371cbd6-6248-5ee8-99d8-04ca5d08f8a0", "dashboard:artifacts:1:4f527005-f699-59b2-9fc5-370555dddbff", "dashboard:artifacts:1:b385afa9-7fc2-574d-90fb-9bd8f7454c4b"]');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'studyhall','1');
CREATE TABLE studyhall_curves (
	study INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	tick INTEGER NOT NULL, 
	train_loss DOUBLE, 
	train_accuracy DOUBLE, 
	validation_loss DOUBLE, 
	validation_accuracy DOUBLE, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (study, trial, epoch), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
)
 WITHOUT ROWID

;
INSERT INTO "studyhall_curves" VALUES(1,0,1,1,2.10577808223503071261e+00,2.47078464106844752912e-01,1.71350662037730216979e+00,4.1666666666666668517e-01,1.00127072347229017362e-02);
INSERT INTO "studyhall_curves" VALUES(1,0,2,2,1.41857897928404397269e+00,5.584307178631051638e-01,1.10759046031162133871e+00,0.6375,1.29977565479787258301e-02);
INSERT INTO "studyhall_curves" VALUES(1,0,3,3,8.96465080113885592894e-01,7.28714524207011660195e-01,6.17588330324118306435e-01,8.58333333333333281522e-01,5.74758959948525657152e-03);
INSERT INTO "studyhall_curves" VALUES(1,1,1,1,4.04555537015231084316e+03,9.348914858096828151e-02,1.40928006947835297068e+03,0.1,7.51499826529224319859e-03);
INSERT INTO "studyhall_curves" VALUES(1,1,2,2,7.61284628820698912928e+02,9.84974958263772903954e-02,1.49734694519042977841e+03,0.1,9.75541535580054693099e-03);
INSERT INTO "studyhall_curves" VALUES(1,2,1,1,1.53892685740587330657e+03,1.07679465776293822876e-01,1.83211371317389435375e+01,0.1,1.00127072347229017362e-02);
INSERT INTO "studyhall_curves" VALUES(1,2,2,2,1.72347627710582109727e+01,9.43238731218697806779e-02,1.73178991260627910264e+01,0.1,1.29977565479787258301e-02);
INSERT INTO "studyhall_curves" VALUES(1,2,3,3,1.51284671789081848203e+01,1.04340567612687812326e-01,1.05690222144126888537e+01,0.1,5.74758959948525657152e-03);
INSERT INTO "studyhall_curves" VALUES(1,3,1,1,NULL,4.6744574290484140755e-02,NULL,0.1,7.51499826529224319859e-03);
INSERT INTO "studyhall_curves" VALUES(1,4,1,2,2.42985494203479923669e+00,1.0267111853088481399e-01,2.30725641051928187508e+00,0.1,1.29977565479787258301e-02);
INSERT INTO "studyhall_curves" VALUES(1,4,2,3,2.30777079454049438567e+00,8.68113522537562604108e-02,2.30353218615055066464e+00,0.1,5.74758959948525657152e-03);
INSERT INTO "studyhall_curves" VALUES(1,4,3,4,2.29642672605426945153e+00,9.01502504173622709604e-02,2.30264254907766963142e+00,0.1,4.33120620133715245048e-03);
INSERT INTO "studyhall_curves" VALUES(1,5,1,3,2.79830625875366889587e+00,1.20200333889816365906e-01,2.31901193857193,0.1,2.88007220210117521885e-03);
INSERT INTO "studyhall_curves" VALUES(1,5,2,4,2.31438088417053222656e+00,1.01836393989983300945e-01,2.30699961781501761137e+00,0.1,2.17033355741970889959e-03);
INSERT INTO "studyhall_curves" VALUES(1,5,3,5,2.30687279772877884553e+00,9.51585976627712798459e-02,2.30377012689908333697e+00,0.1,4.672172832213954477e-03);
INSERT INTO "studyhall_curves" VALUES(1,6,1,4,1.84331814946409693334e+01,1.0267111853088481399e-01,2.40190647024040409012e+01,0.1,2.17033355741970889959e-03);
INSERT INTO "studyhall_curves" VALUES(1,7,1,4,4.37189420152479669935e+02,1.11853088480801332593e-01,6.16693286548058150486e+00,0.1,5.9518606842752343547e-03);
INSERT INTO "studyhall_curves" VALUES(1,7,2,5,5.39184999395043718095e+00,1.01836393989983300945e-01,6.76994973520437870462e+00,0.1,1.28128331680287654154e-02);
INSERT INTO "studyhall_curves" VALUES(1,7,3,6,5.93248409368657547702e+00,9.84974958263772903954e-02,5.60637026055095066823e+00,0.1,2.31848479998006951063e-02);
CREATE TABLE studyhall_finalist_curves (
	study INTEGER NOT NULL, 
	phase TEXT NOT NULL, 
	trial INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	lane INTEGER NOT NULL, 
	tick INTEGER NOT NULL, 
	train_loss DOUBLE, 
	train_accuracy DOUBLE, 
	validation_loss DOUBLE, 
	validation_accuracy DOUBLE, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (study, phase, trial, seed, epoch), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
)
 WITHOUT ROWID

;
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,1,0,1,2.07518824019495751187e+00,2.20367278797996668515e-01,1.62827414808173975835e+00,4.04166666666666674068e-01,2.27413550001074327155e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,2,0,2,1.43086524062692022063e+00,5.09181969949916490847e-01,1.05607136846520011097e+00,0.6375,9.19799199982662685215e-03);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,3,0,3,8.79347961203184258494e-01,7.29549248747913159363e-01,7.08172494786170614311e-01,0.7625,4.70977199984190519899e-03);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,1,1,1,1,1.9771774455233288581e+00,2.65442404006677790118e-01,1.3182014942169189009e+00,6.08333333333333281522e-01,1.39592030000130762346e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,1,2,1,2,1.43728816946455362213e+00,5.31719532554257079404e-01,8.03039854966724919727e-01,7.54166666666666651863e-01,4.71561300037137698382e-03);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,1,3,1,3,8.49404991572125789289e-01,7.38731218697829761232e-01,1.53295296895764,0.5625,0.00444848400002229);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,0,1,0,1,1.94469163684959367444e+00,2.94853963838664800967e-01,NULL,NULL,0.00563035499999387);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,0,2,0,2,1.49141652618634590332e+00,0.480528511821975,NULL,NULL,4.91100300041580339893e-03);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,1,1,1,1,2.01108904771496410646e+00,2.52433936022253113673e-01,NULL,NULL,4.56365299942262936383e-03);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,1,2,1,2,1.70022859547147331404e+00,4.3393602225312932763e-01,NULL,NULL,4.577962999974261038e-03);
CREATE TABLE studyhall_finalists (
	study INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	best_epoch INTEGER, 
	validation_accuracy DOUBLE, 
	validation_loss DOUBLE, 
	epochs INTEGER, 
	train_loss DOUBLE, 
	train_accuracy DOUBLE, 
	train_seconds DOUBLE, 
	test_loss DOUBLE, 
	test_accuracy DOUBLE, 
	ledger INTEGER, 
	model TEXT, 
	model_sha256 TEXT, 
	PRIMARY KEY (study, trial, seed), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id), 
	FOREIGN KEY(ledger) REFERENCES studyhall_ledger (id)
);
INSERT INTO "studyhall_finalists" VALUES(1,0,0,3,0.7625,7.08172494786170614311e-01,2,1.14517379058874690933e+00,6.85674547983310178622e-01,1.0541358000409672968e-02,1.17665040493011474609e+00,6.60167130919220079832e-01,1,'trial-0-seed-0.safetensors','5d11db515b696c83e77b5acdb673e096165da483fa4ddbcf6a495a26042acbea');
INSERT INTO "studyhall_finalists" VALUES(1,0,1,2,7.54166666666666651863e-01,8.03039854966724919727e-01,2,1.34223932935564849167e+00,4.63143254520166913756e-01,0.00914161599939689,1.33133602142333984375e+00,4.73537604456824523513e-01,1,'trial-0-seed-1.safetensors','ad709f74d6ccc557ad79b08eb2f56791a1062bc99a51a7cef10d1abda0f54c05');
CREATE TABLE studyhall_ledger (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	study INTEGER NOT NULL, 
	signed DATETIME NOT NULL, 
	purpose TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	models INTEGER NOT NULL, 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
);
INSERT INTO "studyhall_ledger" VALUES(1,1,'2026-11-25 15:31:50.449097','test of 2 models: test set of digits (its training set has sha256 e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06)','digits','e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06',2);
CREATE TABLE studyhall_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "studyhall_schema" VALUES(2);
CREATE TABLE studyhall_snapshots (
	study INTEGER NOT NULL, 
	run TEXT NOT NULL, 
	tick INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	piece INTEGER NOT NULL, 
	bytes BLOB NOT NULL, 
	PRIMARY KEY (study, run, tick, file, piece), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
);
CREATE TABLE studyhall_studies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	study JSON NOT NULL, 
	text TEXT NOT NULL, 
	fingerprint JSON NOT NULL, 
	environment JSON NOT NULL, 
	begun DATETIME NOT NULL, 
	owner TEXT, 
	since DATETIME, 
	until DATETIME, 
	generation INTEGER NOT NULL
);
INSERT INTO "studyhall_studies" VALUES(1,'{"family": {"name": "mlp", "depth": 1, "activation": "relu", "bias": true, "initial": "uniform"}, "epochs": 3, "batch_size": 128, "optimizer": {"name": "sgd", "momentum": 0.0, "decoupled": false}, "schedule": {"name": "constant"}, "loss": "cross_entropy", "augment": [], "keep": "best", "precision": "float32", "seed": 0, "about": "a study of the tables of version 2", "data": "digits", "space": {"learning_rate": {"low": 0.01, "high": 1000000.0, "log": true, "step": null, "low_is_zero": false, "when": [], "kind": "float"}, "hidden": {"low": 4, "high": 12, "log": false, "step": 1, "factor": null, "when": [], "kind": "int"}, "weight_decay": {"low": 1e-07, "high": 0.01, "log": true, "step": null, "low_is_zero": true, "when": [], "kind": "float"}}, "fixed": {}, "baselines": [{"name": "known", "parameters": {"learning_rate": 0.1, "hidden": 8, "weight_decay": 0.0}, "published": {}}], "validation_share": 0.16666666666666666, "trials": 8, "engines": 1, "lanes": 4, "threads": 1, "sampler": {"name": "tpe", "startup": 10, "considered": 300}, "pruner": {"name": "peer", "keep": 0.6, "first": 1, "spacing": 2, "rivals": 3}}','from search import Baseline, Choice, Float, Int, Mlp, Peer, Study

study = Study(
    about="a study of the tables of version 2",
    family=Mlp(depth=1),
    data="digits",
    epochs=3,
    trials=8,
    engines=1,
    lanes=4,
    space={
        "learning_rate": Float(1e-2, 1e6, log=True),
        "hidden": Int(4, 12),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    },
    pruner=Peer(keep=0.6, first=1, spacing=2, rivals=3),
    baselines=[Baseline("known", learning_rate=0.1, hidden=8, weight_decay=0.0)],
)
','{"space.learning_rate": "Float 0.01..1000000.0 log", "space.hidden": "Int 4..12", "space.weight_decay": "Float 1e-07..0.01 log low is zero", "baseline.0": "learning_rate 0.1, hidden 8, weight_decay 0.0", "family.name": "mlp", "family.depth": 1, "family.activation": "relu", "family.bias": true, "family.initial": "uniform", "epochs": 3, "batch_size": 128, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.decoupled": false, "schedule.name": "constant", "loss": "cross_entropy", "keep": "best", "precision": "float32", "seed": 0, "data": "digits", "validation_share": 0.16666666666666666, "engines": 1, "lanes": 4, "threads": 1, "sampler.name": "tpe", "sampler.startup": 10, "sampler.considered": 300, "pruner.name": "peer", "pruner.keep": 0.6, "pruner.first": 1, "pruner.spacing": 2, "pruner.rivals": 3, "data.sha256": "e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06", "device": "cpu"}','{"python": "3.11.7", "studyhall": "0.1.0", "torch": "2.13.0+cpu", "optuna": "5.0.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "machine": "x86_64", "system": "Linux", "cores": 2, "device": "cpu", "data": "", "commit": "e9b1a52444f9d23a22a3143481a7645ba69dba81", "spent": {"training": 0.20458201000019471, "sampling": 0.048279556001944, "recording": 0.10334220599906985, "judging": 0.06132414400053676, "snapshots": 0.003547069998603547}}','2026-11-25 15:31:41.604804',NULL,NULL,NULL,3);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,1,4.1666666666666668517e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,2,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,3,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,4,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,1,2,0.6375,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,2,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(7,3,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,5,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(9,1,3,8.58333333333333281522e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,3,3,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(11,5,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(12,6,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(13,5,3,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(14,6,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(15,7,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(16,8,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(17,6,3,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(18,8,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(19,8,3,0.1,'FINITE');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(3,1,'weight_decay',1.0e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(4,2,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(5,2,'learning_rate',1.78456693272126403829e+03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(6,2,'weight_decay',1.12862651071482275881e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(7,3,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(8,3,'learning_rate',4.97764182169823925488e+01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(9,3,'weight_decay',2.74928925591422511657e-05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(10,4,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(11,4,'learning_rate',7.02407436684194399264e+04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(12,4,'weight_decay',6.85907898040174482043e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(13,5,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(14,5,'learning_rate',7.80040477857851355381e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(15,5,'weight_decay',9.27269201222535258827e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(16,6,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(17,6,'learning_rate',6.88435423911801791518e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(18,6,'weight_decay',2.56230939041354052678e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(19,7,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(20,7,'learning_rate',7.58955245045220152624e+01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(21,7,'weight_decay',8.41873271268642241541e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(22,8,'hidden',11.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 12}}');
INSERT INTO "trial_params" VALUES(23,8,'learning_rate',3.19140430816985727342e+01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.01, "high": 1000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(24,8,'weight_decay',1.07131514050365887627e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(2,1,'baseline','"known"');
INSERT INTO "trial_user_attributes" VALUES(3,2,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(4,3,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(5,4,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(6,4,'diverged_at','1');
INSERT INTO "trial_user_attributes" VALUES(7,5,'joined','2');
INSERT INTO "trial_user_attributes" VALUES(8,6,'joined','3');
INSERT INTO "trial_user_attributes" VALUES(9,7,'joined','4');
INSERT INTO "trial_user_attributes" VALUES(10,8,'joined','4');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,2,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(2,1,0,8.58333333333333281522e-01,'FINITE');
INSERT INTO "trial_values" VALUES(3,3,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(4,5,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(5,7,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(6,6,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(7,8,0,0.1,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-25 15:31:44.043027','2026-11-25 15:31:44.346152');
INSERT INTO "trials" VALUES(2,1,1,'PRUNED','2026-11-25 15:31:44.043027','2026-11-25 15:31:44.292574');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-25 15:31:44.043027','2026-11-25 15:31:44.346152');
INSERT INTO "trials" VALUES(4,3,1,'PRUNED','2026-11-25 15:31:44.043027','2026-11-25 15:31:44.183189');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-25 15:31:44.199473','2026-11-25 15:31:44.379208');
INSERT INTO "trials" VALUES(6,5,1,'COMPLETE','2026-11-25 15:31:44.295556','2026-11-25 15:31:44.409285');
INSERT INTO "trials" VALUES(7,6,1,'PRUNED','2026-11-25 15:31:44.353683','2026-11-25 15:31:44.379208');
INSERT INTO "trials" VALUES(8,7,1,'COMPLETE','2026-11-25 15:31:44.353683','2026-11-25 15:31:44.446853');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('studyhall_studies',1);
INSERT INTO "sqlite_sequence" VALUES('studyhall_ledger',1);
COMMIT;
