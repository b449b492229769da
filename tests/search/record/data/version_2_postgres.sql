CREATE TYPE public.studydirection AS ENUM (
    'NOT_SET',
    'MINIMIZE',
    'MAXIMIZE'
);
CREATE TYPE public.trialintermediatevaluetype AS ENUM (
    'FINITE',
    'INF_POS',
    'INF_NEG',
    'NAN'
);
CREATE TYPE public.trialstate AS ENUM (
    'RUNNING',
    'COMPLETE',
    'PRUNED',
    'FAIL',
    'WAITING'
);
CREATE TYPE public.trialvaluetype AS ENUM (
    'FINITE',
    'INF_POS',
    'INF_NEG'
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.studies (
    study_id integer NOT NULL,
    study_name character varying(512) NOT NULL
);
CREATE SEQUENCE public.studies_study_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.studies_study_id_seq OWNED BY public.studies.study_id;
CREATE TABLE public.study_directions (
    study_direction_id integer NOT NULL,
    direction public.studydirection NOT NULL,
    study_id integer NOT NULL,
    objective integer NOT NULL
);
CREATE SEQUENCE public.study_directions_study_direction_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.study_directions_study_direction_id_seq OWNED BY public.study_directions.study_direction_id;
CREATE TABLE public.study_system_attributes (
    study_system_attribute_id integer NOT NULL,
    study_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.study_system_attributes_study_system_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.study_system_attributes_study_system_attribute_id_seq OWNED BY public.study_system_attributes.study_system_attribute_id;
CREATE TABLE public.study_user_attributes (
    study_user_attribute_id integer NOT NULL,
    study_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.study_user_attributes_study_user_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.study_user_attributes_study_user_attribute_id_seq OWNED BY public.study_user_attributes.study_user_attribute_id;
CREATE TABLE public.studyhall_curves (
    study integer NOT NULL,
    trial integer NOT NULL,
    epoch integer NOT NULL,
    tick integer NOT NULL,
    train_loss double precision,
    train_accuracy double precision,
    validation_loss double precision,
    validation_accuracy double precision,
    seconds double precision NOT NULL
);
CREATE TABLE public.studyhall_finalist_curves (
    study integer NOT NULL,
    phase text NOT NULL,
    trial integer NOT NULL,
    seed integer NOT NULL,
    epoch integer NOT NULL,
    lane integer NOT NULL,
    tick integer NOT NULL,
    train_loss double precision,
    train_accuracy double precision,
    validation_loss double precision,
    validation_accuracy double precision,
    seconds double precision NOT NULL
);
CREATE TABLE public.studyhall_finalists (
    study integer NOT NULL,
    trial integer NOT NULL,
    seed integer NOT NULL,
    best_epoch integer,
    validation_accuracy double precision,
    validation_loss double precision,
    epochs integer,
    train_loss double precision,
    train_accuracy double precision,
    train_seconds double precision,
    test_loss double precision,
    test_accuracy double precision,
    ledger integer,
    model text,
    model_sha256 text
);
CREATE TABLE public.studyhall_ledger (
    id integer NOT NULL,
    study integer NOT NULL,
    signed timestamp without time zone NOT NULL,
    purpose text NOT NULL,
    dataset text NOT NULL,
    sha256 text NOT NULL,
    models integer NOT NULL
);
CREATE SEQUENCE public.studyhall_ledger_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.studyhall_ledger_id_seq OWNED BY public.studyhall_ledger.id;
CREATE TABLE public.studyhall_schema (
    version integer NOT NULL
);
CREATE TABLE public.studyhall_snapshots (
    study integer NOT NULL,
    run text NOT NULL,
    tick integer NOT NULL,
    file text NOT NULL,
    piece integer NOT NULL,
    bytes bytea NOT NULL
);
ALTER TABLE ONLY public.studyhall_snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE public.studyhall_studies (
    id integer NOT NULL,
    study json NOT NULL,
    text text NOT NULL,
    fingerprint json NOT NULL,
    environment json NOT NULL,
    begun timestamp without time zone NOT NULL,
    owner text,
    since timestamp without time zone,
    until timestamp without time zone,
    generation integer NOT NULL
);
CREATE SEQUENCE public.studyhall_studies_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.studyhall_studies_id_seq OWNED BY public.studyhall_studies.id;
CREATE TABLE public.trial_heartbeats (
    trial_heartbeat_id integer NOT NULL,
    trial_id integer NOT NULL,
    heartbeat timestamp without time zone NOT NULL
);
CREATE SEQUENCE public.trial_heartbeats_trial_heartbeat_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_heartbeats_trial_heartbeat_id_seq OWNED BY public.trial_heartbeats.trial_heartbeat_id;
CREATE TABLE public.trial_intermediate_values (
    trial_intermediate_value_id integer NOT NULL,
    trial_id integer NOT NULL,
    step integer NOT NULL,
    intermediate_value double precision,
    intermediate_value_type public.trialintermediatevaluetype NOT NULL
);
CREATE SEQUENCE public.trial_intermediate_values_trial_intermediate_value_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_intermediate_values_trial_intermediate_value_id_seq OWNED BY public.trial_intermediate_values.trial_intermediate_value_id;
CREATE TABLE public.trial_params (
    param_id integer NOT NULL,
    trial_id integer,
    param_name character varying(512),
    param_value double precision,
    distribution_json text
);
CREATE SEQUENCE public.trial_params_param_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_params_param_id_seq OWNED BY public.trial_params.param_id;
CREATE TABLE public.trial_system_attributes (
    trial_system_attribute_id integer NOT NULL,
    trial_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.trial_system_attributes_trial_system_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_system_attributes_trial_system_attribute_id_seq OWNED BY public.trial_system_attributes.trial_system_attribute_id;
CREATE TABLE public.trial_user_attributes (
    trial_user_attribute_id integer NOT NULL,
    trial_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.trial_user_attributes_trial_user_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_user_attributes_trial_user_attribute_id_seq OWNED BY public.trial_user_attributes.trial_user_attribute_id;
CREATE TABLE public.trial_values (
    trial_value_id integer NOT NULL,
    trial_id integer NOT NULL,
    objective integer NOT NULL,
    value double precision,
    value_type public.trialvaluetype NOT NULL
);
CREATE SEQUENCE public.trial_values_trial_value_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_values_trial_value_id_seq OWNED BY public.trial_values.trial_value_id;
CREATE TABLE public.trials (
    trial_id integer NOT NULL,
    number integer,
    study_id integer,
    state public.trialstate NOT NULL,
    datetime_start timestamp without time zone,
    datetime_complete timestamp without time zone
);
CREATE SEQUENCE public.trials_trial_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trials_trial_id_seq OWNED BY public.trials.trial_id;
CREATE TABLE public.version_info (
    version_info_id integer NOT NULL,
    schema_version integer,
    library_version character varying(256),
    CONSTRAINT version_info_version_info_id_check CHECK ((version_info_id = 1))
);
ALTER TABLE ONLY public.studies ALTER COLUMN study_id SET DEFAULT nextval('public.studies_study_id_seq'::regclass);
ALTER TABLE ONLY public.study_directions ALTER COLUMN study_direction_id SET DEFAULT nextval('public.study_directions_study_direction_id_seq'::regclass);
ALTER TABLE ONLY public.study_system_attributes ALTER COLUMN study_system_attribute_id SET DEFAULT nextval('public.study_system_attributes_study_system_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.study_user_attributes ALTER COLUMN study_user_attribute_id SET DEFAULT nextval('public.study_user_attributes_study_user_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.studyhall_ledger ALTER COLUMN id SET DEFAULT nextval('public.studyhall_ledger_id_seq'::regclass);
ALTER TABLE ONLY public.studyhall_studies ALTER COLUMN id SET DEFAULT nextval('public.studyhall_studies_id_seq'::regclass);
ALTER TABLE ONLY public.trial_heartbeats ALTER COLUMN trial_heartbeat_id SET DEFAULT nextval('public.trial_heartbeats_trial_heartbeat_id_seq'::regclass);
ALTER TABLE ONLY public.trial_intermediate_values ALTER COLUMN trial_intermediate_value_id SET DEFAULT nextval('public.trial_intermediate_values_trial_intermediate_value_id_seq'::regclass);
ALTER TABLE ONLY public.trial_params ALTER COLUMN param_id SET DEFAULT nextval('public.trial_params_param_id_seq'::regclass);
ALTER TABLE ONLY public.trial_system_attributes ALTER COLUMN trial_system_attribute_id SET DEFAULT nextval('public.trial_system_attributes_trial_system_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.trial_user_attributes ALTER COLUMN trial_user_attribute_id SET DEFAULT nextval('public.trial_user_attributes_trial_user_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.trial_values ALTER COLUMN trial_value_id SET DEFAULT nextval('public.trial_values_trial_value_id_seq'::regclass);
ALTER TABLE ONLY public.trials ALTER COLUMN trial_id SET DEFAULT nextval('public.trials_trial_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('v3.2.0.a');
INSERT INTO public.studies VALUES (1, 'small');
INSERT INTO public.studies VALUES (2, 'own');
INSERT INTO public.study_directions VALUES (1, 'MAXIMIZE', 1, 0);
INSERT INTO public.study_directions VALUES (2, 'MAXIMIZE', 2, 0);
INSERT INTO public.study_system_attributes VALUES (1, 1, 'study:metric_names', '["validation accuracy"]');
INSERT INTO public.study_system_attributes VALUES (2, 2, 'study:metric_names', '["validation accuracy"]');
INSERT INTO public.study_system_attributes VALUES (3, 1, 'dashboard:1:note_ver', '1');
INSERT INTO public.study_system_attributes VALUES (4, 1, 'dashboard:1:note_str:0', '"**Finalist, rank 1 of 1.** Test accuracy 0.5669, 95% interval 0.0000 to 1.0000, test loss 1.2540, validation accuracy 0.7833; means over 2 seeds.\n"');
INSERT INTO public.study_system_attributes VALUES (5, 1, 'dashboard:note_ver', '1');
INSERT INTO public.study_system_attributes VALUES (6, 1, 'dashboard:note_str:0', '"**Trial 0, the baseline \u201cknown\u201d, wins: test accuracy 0.5669 (95% interval 0.0000 to 1.0000).**\n\nNo trial of the search did better than what its author already knew.\n\nIt is the only finalist.\n\nThe search&#39;s best validation score, 0.8583 (trial 0), was optimistic by 0.0750: trained again on the same images under 2 new seeds, that configuration comes to 0.7833.\n\n| | | |\n|---|---|---|\n| test accuracy | 0.5669 | 0.0000 to 1.0000; 2 seeds \u00d7 359 images |\n| optimism of the search | +0.0750 | best score 0.8583, again 0.7833 |\n\n[The whole report](/reports/small)\n"');
INSERT INTO public.study_system_attributes VALUES (7, 1, 'artifacts:c61a2a5b-fd8f-5043-b3b0-1f3fea189c5a', '"{\"artifact_id\": \"c61a2a5b-fd8f-5043-b3b0-1f3fea189c5a\", \"filename\": \"report.html\", \"encoding\": null, \"mimetype\": \"text/html\"}"');
INSERT INTO public.study_system_attributes VALUES (8, 1, 'dashboard:artifacts:1:c5cfcc53-fa88-5aa1-bece-29887d15b3ca', '"{\"artifact_id\": \"c5cfcc53-fa88-5aa1-bece-29887d15b3ca\", \"filename\": \"trial-0-epochs.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO public.study_system_attributes VALUES (9, 1, 'dashboard:artifacts:1:2371cbd6-6248-5ee8-99d8-04ca5d08f8a0', '"{\"artifact_id\": \"2371cbd6-6248-5ee8-99d8-04ca5d08f8a0\", \"filename\": \"trial-0-confusion.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO public.study_system_attributes VALUES (10, 1, 'dashboard:artifacts:1:5adca502-10be-58c7-8151-e40accdc2aee', '"{\"artifact_id\": \"5adca502-10be-58c7-8151-e40accdc2aee\", \"filename\": \"trial-0-seed-0.safetensors\", \"encoding\": null, \"mimetype\": \"application/octet-stream\"}"');
INSERT INTO public.study_system_attributes VALUES (11, 1, 'studyhall:shelf', '["artifacts:c61a2a5b-fd8f-5043-b3b0-1f3fea189c5a", "dashboard:artifacts:1:2371cbd6-6248-5ee8-99d8-04ca5d08f8a0", "dashboard:artifacts:1:5adca502-10be-58c7-8151-e40accdc2aee", "dashboard:artifacts:1:c5cfcc53-fa88-5aa1-bece-29887d15b3ca"]');
INSERT INTO public.study_user_attributes VALUES (1, 1, 'studyhall', '1');
INSERT INTO public.study_user_attributes VALUES (2, 2, 'studyhall', '2');
INSERT INTO public.studyhall_curves VALUES (1, 0, 1, 1, 2.1057780822350307, 0.24707846410684475, 1.7135066203773022, 0.4166666666666667, 0.004448902419940868);
INSERT INTO public.studyhall_curves VALUES (1, 1, 1, 1, 148573598.67080802, 0.1018363939899833, 61339.791015625, 0.09583333333333334, 0.0027842082641176464);
INSERT INTO public.studyhall_curves VALUES (1, 2, 1, 1, 113477048114.51955, 0.11435726210350584, 144.55401738484701, 0.10416666666666667, 0.00333910631605872);
INSERT INTO public.studyhall_curves VALUES (1, 0, 2, 2, 1.418578979284044, 0.5584307178631052, 1.1075904603116213, 0.6375, 0.0026280526805935282);
INSERT INTO public.studyhall_curves VALUES (1, 1, 2, 2, 31998.872741597323, 0.10601001669449082, 56202.54903971354, 0.09583333333333334, 0.0016446856552862514);
INSERT INTO public.studyhall_curves VALUES (1, 2, 2, 2, 142.4832270370403, 0.11101836393989983, 155.8494099934896, 0.10416666666666667, 0.0019724746637220106);
INSERT INTO public.studyhall_curves VALUES (1, 0, 3, 3, 0.8964650801138856, 0.7287145242070117, 0.6175883303241183, 0.8583333333333333, 0.0025691993537272973);
INSERT INTO public.studyhall_curves VALUES (1, 2, 3, 3, 157.33976287096345, 0.09348914858096828, 154.8596621831258, 0.10416666666666667, 0.001928302529359326);
INSERT INTO public.studyhall_curves VALUES (1, 3, 1, 3, NULL, 0.03171953255425709, NULL, 0.1, 0.00160785411717534);
INSERT INTO public.studyhall_curves VALUES (1, 0, 4, 4, 0.5578117147913064, 0.832220367278798, 0.6991265997596201, 0.7291666666666666, 0.002224979169215626);
INSERT INTO public.studyhall_curves VALUES (1, 2, 4, 4, 155.12362703925095, 0.0993322203672788, 160.3534059524536, 0.10416666666666667, 0.001669949415776516);
INSERT INTO public.studyhall_curves VALUES (1, 4, 1, 4, 7.422722924423566, 0.09098497495826377, 2.3107705136140186, 0.09583333333333334, 0.001669949415776516);
INSERT INTO public.studyhall_curves VALUES (1, 4, 2, 5, 2.309374342975712, 0.09181969949916527, 2.3047334025303523, 0.09583333333333334, 0.0033874904798474577);
INSERT INTO public.studyhall_curves VALUES (1, 5, 1, 5, 2.827441571859473, 0.11602671118530884, 2.321160917480787, 0.1, 0.0022616132598283086);
INSERT INTO public.studyhall_curves VALUES (1, 6, 1, 5, 752.4494418035508, 0.09849749582637729, 149.26642972627184, 0.1, 0.0022616132598283086);
INSERT INTO public.studyhall_curves VALUES (1, 5, 2, 6, 2.3153167244587993, 0.1018363939899833, 2.308337244391441, 0.1, 0.0015875753109862987);
INSERT INTO public.studyhall_curves VALUES (1, 6, 2, 6, 127.8538032659023, 0.1018363939899833, 179.15728432337443, 0.1, 0.0015875753109862987);
INSERT INTO public.studyhall_curves VALUES (1, 7, 1, 6, 64.5534223280705, 0.07762938230383973, 110.11422208150228, 0.1, 0.0027730663779956836);
INSERT INTO public.studyhall_curves VALUES (1, 5, 3, 7, 2.307012583258156, 0.10267111853088481, 2.304477094610532, 0.1, 0.0016584869321035053);
INSERT INTO public.studyhall_curves VALUES (1, 7, 2, 7, 81.55820376027329, 0.07929883138564274, 108.91095956166585, 0.1, 0.002896929876607997);
INSERT INTO public.studyhall_curves VALUES (1, 8, 1, 7, NULL, 0.048414023372287146, NULL, 0.1, 0.003309744191442828);
INSERT INTO public.studyhall_curves VALUES (1, 5, 4, 8, 2.3039072939569443, 0.09599332220367279, 2.281131905814012, 0.11666666666666667, 0.006792856999709329);
INSERT INTO public.studyhall_curves VALUES (2, 0, 1, 1, 1.8853864162563283, 0.3647746243739566, 1.229434341316422, 0.725, 0.010282737213506267);
INSERT INTO public.studyhall_curves VALUES (2, 1, 1, 1, 2.186003283225933, 0.17362270450751252, 2.1186887131693464, 0.17916666666666667, 0.004874350786289937);
INSERT INTO public.studyhall_curves VALUES (2, 2, 1, 1, 2.2270659795761705, 0.21452420701168615, 1.8955179313818613, 0.36666666666666664, 0.007058883764419631);
INSERT INTO public.studyhall_curves VALUES (2, 3, 1, 1, 2.4658273084583584, 0.11769616026711185, 2.2955495536327364, 0.1, 0.0054314852358414946);
INSERT INTO public.studyhall_curves VALUES (2, 0, 2, 2, 0.8863541200626424, 0.8113522537562604, 0.8089111221954226, 0.7416666666666667, 0.008264591000624932);
INSERT INTO public.studyhall_curves VALUES (2, 2, 2, 2, 1.7258839762189702, 0.36978297161936563, 1.507558492012322, 0.525, 0.006746232000296004);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 0, 1, 0, 1, 2.0751882401949575, 0.22036727879799667, 1.6282741480817398, 0.4041666666666667, 0.009945069000423246);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 1, 1, 1, 1, 1.9771774455233289, 0.2654424040066778, 1.318201494216919, 0.6083333333333333, 0.00533303199972579);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 0, 2, 0, 2, 1.4308652406269202, 0.5091819699499165, 1.0560713684652, 0.6375, 0.0047028789995238185);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 1, 2, 1, 2, 1.4372881694645536, 0.5317195325542571, 0.8030398549667249, 0.7541666666666667, 0.004630823999832501);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 0, 3, 0, 3, 0.8793479612031843, 0.7295492487479132, 0.7081724947861706, 0.7625, 0.004692634999628353);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 1, 3, 1, 3, 0.8494049915721258, 0.7387312186978298, 1.53295296895764, 0.5625, 0.004594080999595462);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 0, 4, 0, 4, 0.6399646032695271, 0.7988313856427379, 0.5994720240647439, 0.8125, 0.004591068000081577);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'rank', 0, 1, 4, 1, 4, 0.7144737440633288, 0.7746243739565943, 0.8816184341732878, 0.7, 0.004525117999946815);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'retrain', 0, 0, 1, 0, 1, 1.9446916368495937, 0.2948539638386648, NULL, NULL, 0.005947722999735561);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'retrain', 0, 1, 1, 1, 1, 2.011089047714964, 0.2524339360222531, NULL, NULL, 0.004675649000091653);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'retrain', 0, 0, 2, 0, 2, 1.491416526186346, 0.480528511821975, NULL, NULL, 0.004761839999446238);
INSERT INTO public.studyhall_finalist_curves VALUES (1, 'retrain', 0, 1, 2, 1, 2, 1.7002285954714733, 0.4339360222531293, NULL, NULL, 0.004472567999982857);
INSERT INTO public.studyhall_finalists VALUES (1, 0, 0, 4, 0.8125, 0.5994720240647439, 2, 1.145173790588747, 0.6856745479833102, 0.010709562999181799, 1.1766504049301147, 0.6601671309192201, 1, 'trial-0-seed-0.safetensors', '6162069b8a1c15a7045cef8eec41a16719184726b8aa71dc0c17ab919767621b');
INSERT INTO public.studyhall_finalists VALUES (1, 0, 1, 2, 0.7541666666666667, 0.8030398549667249, 2, 1.3422393293556485, 0.4631432545201669, 0.00914821700007451, 1.3313360214233398, 0.4735376044568245, 1, 'trial-0-seed-1.safetensors', '6841c325707baaf4e1df4b36137e7d741e61faa6c228a03b588f313aab2299db');
INSERT INTO public.studyhall_ledger VALUES (1, 1, '2026-11-25 15:24:08.908141', 'test of 2 models: test set of digits (its training set has sha256 e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06)', 'digits', 'e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06', 2);
INSERT INTO public.studyhall_schema VALUES (2);
INSERT INTO public.studyhall_studies VALUES (2, '{"family": {"name": "own", "attribute": "net", "sha256": "841c82b860079f3f30b0d1c4048b9c4e884e97ed2bd48e6a2717e06278db3070", "needs": ["hidden"], "takes": [], "facts": ["inputs", "classes"], "source": "from torch import nn\n\n\n\n\ndef net(inputs, classes, hidden):\n    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))\n", "file": "own.py", "module": ""}, "epochs": 2, "batch_size": 128, "optimizer": {"name": "sgd", "momentum": 0.0, "decoupled": false}, "schedule": {"name": "constant"}, "loss": "cross_entropy", "augment": [], "keep": "best", "precision": "float32", "seed": 0, "about": "", "data": "digits", "space": {"learning_rate": {"low": 0.05, "high": 0.5, "log": true, "step": null, "low_is_zero": false, "when": [], "kind": "float"}, "hidden": {"low": 4, "high": 24, "log": false, "step": 1, "factor": null, "when": [], "kind": "int"}, "weight_decay": {"low": 0.0, "high": 0.1, "log": false, "step": null, "low_is_zero": false, "when": [], "kind": "float"}}, "fixed": {}, "baselines": [], "validation_share": 0.16666666666666666, "trials": 4, "engines": 2, "lanes": 2, "threads": 1, "sampler": {"name": "tpe", "startup": 10, "considered": 300}, "pruner": {"name": "peer", "keep": 0.5, "first": 1, "spacing": 2, "rivals": 4}}', 'from torch import nn
from search import Float, Int, Study
def net(inputs, classes, hidden):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))
study = Study(
    family=net,
    data="digits",
    epochs=2,
    trials=4,
    engines=2,
    lanes=2,
    space={"learning_rate": Float(0.05, 0.5, log=True), "hidden": Int(4, 24), "weight_decay": Float(0.0, 0.1)},
)
', '{"space.learning_rate": "Float 0.05..0.5 log", "space.hidden": "Int 4..24", "space.weight_decay": "Float 0.0..0.1", "family.name": "own", "family.attribute": "net", "family.sha256": "841c82b860079f3f30b0d1c4048b9c4e884e97ed2bd48e6a2717e06278db3070", "family.needs": ["hidden"], "family.takes": [], "family.facts": ["inputs", "classes"], "family.module": "", "epochs": 2, "batch_size": 128, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.decoupled": false, "schedule.name": "constant", "loss": "cross_entropy", "keep": "best", "precision": "float32", "seed": 0, "data": "digits", "validation_share": 0.16666666666666666, "engines": 2, "lanes": 2, "threads": 1, "sampler.name": "tpe", "sampler.startup": 10, "sampler.considered": 300, "pruner.name": "peer", "pruner.keep": 0.5, "pruner.first": 1, "pruner.spacing": 2, "pruner.rivals": 4, "data.sha256": "e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06", "device": "cpu"}', '{"python": "3.11.7", "studyhall": "0.1.0", "torch": "2.13.0+cpu", "optuna": "5.0.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "machine": "x86_64", "system": "Linux", "cores": 2, "device": "cpu", "data": "", "spent": {"training": 0.04797311299989815, "sampling": 1.1918524869997782, "recording": 0.00833219200012536, "judging": 0.007368788999883691, "snapshots": 0.015089436999915051}}', '2026-11-25 15:24:03.303397', NULL, NULL, NULL, 1);
INSERT INTO public.studyhall_studies VALUES (1, '{"family": {"name": "mlp", "depth": 1, "activation": "relu", "bias": true, "initial": "uniform"}, "epochs": 4, "batch_size": 128, "optimizer": {"name": "sgd", "momentum": 0.0, "decoupled": false}, "schedule": {"name": "constant"}, "loss": "cross_entropy", "augment": [], "keep": "best", "precision": "float32", "seed": 0, "about": "", "data": "digits", "space": {"learning_rate": {"low": 0.001, "high": 1000000000.0, "log": true, "step": null, "low_is_zero": false, "when": [], "kind": "float"}, "hidden": {"low": 4, "high": 8, "log": false, "step": 1, "factor": null, "when": [], "kind": "int"}, "weight_decay": {"low": 1e-07, "high": 0.01, "log": true, "step": null, "low_is_zero": true, "when": [], "kind": "float"}}, "fixed": {}, "baselines": [{"name": "known", "parameters": {"hidden": 8, "learning_rate": 0.1, "weight_decay": 0.0}, "published": {}}], "validation_share": 0.16666666666666666, "trials": 9, "engines": 1, "lanes": 3, "threads": 1, "sampler": {"name": "tpe", "startup": 10, "considered": 300}, "pruner": {"name": "peer", "keep": 0.4, "first": 2, "spacing": 2, "rivals": 3}}', 'from search import Baseline, Float, Int, Mlp, Peer, Study
study = Study(
    family=Mlp(),
    data="digits",
    epochs=4,
    trials=9,
    engines=1,
    lanes=3,
    pruner=Peer(keep=0.4, first=2, spacing=2, rivals=3),
    space={
        "learning_rate": Float(0.001, 1e9, log=True),
        "hidden": Int(4, 8),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    },
    baselines=[Baseline("known", hidden=8, learning_rate=0.1, weight_decay=0.0)],
)
', '{"space.learning_rate": "Float 0.001..1000000000.0 log", "space.hidden": "Int 4..8", "space.weight_decay": "Float 1e-07..0.01 log low is zero", "baseline.0": "learning_rate 0.1, hidden 8, weight_decay 0.0", "family.name": "mlp", "family.depth": 1, "family.activation": "relu", "family.bias": true, "family.initial": "uniform", "epochs": 4, "batch_size": 128, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.decoupled": false, "schedule.name": "constant", "loss": "cross_entropy", "keep": "best", "precision": "float32", "seed": 0, "data": "digits", "validation_share": 0.16666666666666666, "engines": 1, "lanes": 3, "threads": 1, "sampler.name": "tpe", "sampler.startup": 10, "sampler.considered": 300, "pruner.name": "peer", "pruner.keep": 0.4, "pruner.first": 2, "pruner.spacing": 2, "pruner.rivals": 3, "data.sha256": "e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06", "device": "cpu"}', '{"python": "3.11.7", "studyhall": "0.1.0", "torch": "2.13.0+cpu", "optuna": "5.0.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "machine": "x86_64", "system": "Linux", "cores": 2, "device": "cpu", "data": "", "spent": {"training": 0.07147969600009674, "sampling": 0.026184711000496463, "recording": 0.017731759000525926, "judging": 0.016969249999419844, "snapshots": 0.0076092019999123295}}', '2026-11-25 15:23:58.592503', NULL, NULL, NULL, 3);
INSERT INTO public.trial_intermediate_values VALUES (1, 1, 1, 0.4166666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (2, 2, 1, 0.09583333333333334, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (3, 3, 1, 0.10416666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (4, 1, 2, 0.6375, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (5, 2, 2, 0.09583333333333334, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (6, 3, 2, 0.10416666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (7, 1, 3, 0.8583333333333333, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (8, 3, 3, 0.10416666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (9, 4, 1, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (10, 1, 4, 0.7291666666666666, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (11, 3, 4, 0.10416666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (12, 5, 1, 0.09583333333333334, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (13, 5, 2, 0.09583333333333334, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (14, 6, 1, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (15, 7, 1, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (16, 6, 2, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (17, 7, 2, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (18, 8, 1, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (19, 6, 3, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (20, 8, 2, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (21, 9, 1, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (22, 6, 4, 0.11666666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (23, 10, 1, 0.725, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (24, 11, 1, 0.17916666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (25, 12, 1, 0.36666666666666664, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (26, 13, 1, 0.1, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (27, 10, 2, 0.7416666666666667, 'FINITE');
INSERT INTO public.trial_intermediate_values VALUES (28, 12, 2, 0.525, 'FINITE');
INSERT INTO public.trial_params VALUES (1, 1, 'learning_rate', 0.1, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (2, 1, 'hidden', 8, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (3, 1, 'weight_decay', 1e-07, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (4, 2, 'hidden', 5, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (5, 2, 'learning_rate', 75387.48622857657, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (6, 2, 'weight_decay', 1.1286265107148228e-07, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (7, 3, 'hidden', 6, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (8, 3, 'learning_rate', 351.18460070571797, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (9, 3, 'weight_decay', 2.749289255914225e-05, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (10, 4, 'hidden', 5, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (11, 4, 'learning_rate', 18615883.458933286, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (12, 4, 'weight_decay', 0.0006859078980401745, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (13, 5, 'hidden', 6, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (14, 5, 'learning_rate', 0.6889309718833999, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (15, 5, 'weight_decay', 0.0009272692012225353, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (16, 6, 'hidden', 4, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (17, 6, 'learning_rate', 0.5712087002951359, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (18, 6, 'weight_decay', 2.5623093904135405e-06, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (19, 7, 'hidden', 4, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (20, 7, 'learning_rate', 661.1869146644107, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (21, 7, 'weight_decay', 0.0008418732712686422, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (22, 8, 'hidden', 7, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (23, 8, 'learning_rate', 180.2904573644727, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (24, 8, 'weight_decay', 0.00010713151405036589, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (25, 9, 'hidden', 8, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO public.trial_params VALUES (26, 9, 'learning_rate', 1475675.2499696556, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO public.trial_params VALUES (27, 9, 'weight_decay', 5.180522027633858e-06, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO public.trial_params VALUES (28, 10, 'hidden', 19, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO public.trial_params VALUES (29, 10, 'learning_rate', 0.09778018806382227, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO public.trial_params VALUES (30, 10, 'weight_decay', 0.08523662044302112, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO public.trial_params VALUES (31, 11, 'hidden', 9, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO public.trial_params VALUES (32, 11, 'learning_rate', 0.22667916777588495, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO public.trial_params VALUES (33, 11, 'weight_decay', 0.001051004947068468, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO public.trial_params VALUES (34, 12, 'hidden', 13, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO public.trial_params VALUES (35, 12, 'learning_rate', 0.1449098676075874, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO public.trial_params VALUES (36, 12, 'weight_decay', 0.04878440869747863, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO public.trial_params VALUES (37, 13, 'hidden', 10, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO public.trial_params VALUES (38, 13, 'learning_rate', 0.3587514309045837, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO public.trial_params VALUES (39, 13, 'weight_decay', 0.07672531607336794, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO public.trial_user_attributes VALUES (1, 1, 'joined', '1');
INSERT INTO public.trial_user_attributes VALUES (2, 1, 'baseline', '"known"');
INSERT INTO public.trial_user_attributes VALUES (3, 2, 'joined', '1');
INSERT INTO public.trial_user_attributes VALUES (4, 3, 'joined', '1');
INSERT INTO public.trial_user_attributes VALUES (5, 4, 'joined', '3');
INSERT INTO public.trial_user_attributes VALUES (6, 4, 'diverged_at', '1');
INSERT INTO public.trial_user_attributes VALUES (7, 5, 'joined', '4');
INSERT INTO public.trial_user_attributes VALUES (8, 6, 'joined', '5');
INSERT INTO public.trial_user_attributes VALUES (9, 7, 'joined', '5');
INSERT INTO public.trial_user_attributes VALUES (10, 8, 'joined', '6');
INSERT INTO public.trial_user_attributes VALUES (11, 9, 'joined', '7');
INSERT INTO public.trial_user_attributes VALUES (12, 9, 'diverged_at', '1');
INSERT INTO public.trial_user_attributes VALUES (13, 10, 'joined', '1');
INSERT INTO public.trial_user_attributes VALUES (14, 11, 'joined', '1');
INSERT INTO public.trial_user_attributes VALUES (15, 12, 'joined', '1');
INSERT INTO public.trial_user_attributes VALUES (16, 13, 'joined', '1');
INSERT INTO public.trial_values VALUES (1, 2, 0, 0.09583333333333334, 'FINITE');
INSERT INTO public.trial_values VALUES (2, 1, 0, 0.8583333333333333, 'FINITE');
INSERT INTO public.trial_values VALUES (3, 3, 0, 0.10416666666666667, 'FINITE');
INSERT INTO public.trial_values VALUES (4, 5, 0, 0.09583333333333334, 'FINITE');
INSERT INTO public.trial_values VALUES (5, 7, 0, 0.1, 'FINITE');
INSERT INTO public.trial_values VALUES (6, 8, 0, 0.1, 'FINITE');
INSERT INTO public.trial_values VALUES (7, 6, 0, 0.11666666666666667, 'FINITE');
INSERT INTO public.trial_values VALUES (8, 11, 0, 0.17916666666666667, 'FINITE');
INSERT INTO public.trial_values VALUES (9, 13, 0, 0.1, 'FINITE');
INSERT INTO public.trial_values VALUES (10, 10, 0, 0.7416666666666667, 'FINITE');
INSERT INTO public.trial_values VALUES (11, 12, 0, 0.525, 'FINITE');
INSERT INTO public.trials VALUES (2, 1, 1, 'PRUNED', '2026-11-25 15:23:59.763658', '2026-11-25 15:23:59.797982');
INSERT INTO public.trials VALUES (4, 3, 1, 'PRUNED', '2026-11-25 15:23:59.802013', '2026-11-25 15:23:59.815221');
INSERT INTO public.trials VALUES (1, 0, 1, 'COMPLETE', '2026-11-25 15:23:59.763658', '2026-11-25 15:23:59.829362');
INSERT INTO public.trials VALUES (3, 2, 1, 'COMPLETE', '2026-11-25 15:23:59.763658', '2026-11-25 15:23:59.829362');
INSERT INTO public.trials VALUES (5, 4, 1, 'PRUNED', '2026-11-25 15:23:59.817546', '2026-11-25 15:23:59.851842');
INSERT INTO public.trials VALUES (7, 6, 1, 'PRUNED', '2026-11-25 15:23:59.836971', '2026-11-25 15:23:59.865622');
INSERT INTO public.trials VALUES (8, 7, 1, 'PRUNED', '2026-11-25 15:23:59.853876', '2026-11-25 15:23:59.881123');
INSERT INTO public.trials VALUES (9, 8, 1, 'PRUNED', '2026-11-25 15:23:59.867564', '2026-11-25 15:23:59.881123');
INSERT INTO public.trials VALUES (6, 5, 1, 'COMPLETE', '2026-11-25 15:23:59.836971', '2026-11-25 15:23:59.892898');
INSERT INTO public.trials VALUES (11, 1, 2, 'PRUNED', '2026-11-25 15:24:04.576984', '2026-11-25 15:24:04.622461');
INSERT INTO public.trials VALUES (13, 3, 2, 'PRUNED', '2026-11-25 15:24:04.576984', '2026-11-25 15:24:04.622461');
INSERT INTO public.trials VALUES (10, 0, 2, 'COMPLETE', '2026-11-25 15:24:04.576984', '2026-11-25 15:24:04.651557');
INSERT INTO public.trials VALUES (12, 2, 2, 'COMPLETE', '2026-11-25 15:24:04.576984', '2026-11-25 15:24:04.651557');
INSERT INTO public.version_info VALUES (1, 12, '5.0.0');
SELECT pg_catalog.setval('public.studies_study_id_seq', 2, true);
SELECT pg_catalog.setval('public.study_directions_study_direction_id_seq', 2, true);
SELECT pg_catalog.setval('public.study_system_attributes_study_system_attribute_id_seq', 11, true);
SELECT pg_catalog.setval('public.study_user_attributes_study_user_attribute_id_seq', 2, true);
SELECT pg_catalog.setval('public.studyhall_ledger_id_seq', 1, true);
SELECT pg_catalog.setval('public.studyhall_studies_id_seq', 2, true);
SELECT pg_catalog.setval('public.trial_heartbeats_trial_heartbeat_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_intermediate_values_trial_intermediate_value_id_seq', 28, true);
SELECT pg_catalog.setval('public.trial_params_param_id_seq', 39, true);
SELECT pg_catalog.setval('public.trial_system_attributes_trial_system_attribute_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_user_attributes_trial_user_attribute_id_seq', 16, true);
SELECT pg_catalog.setval('public.trial_values_trial_value_id_seq', 11, true);
SELECT pg_catalog.setval('public.trials_trial_id_seq', 13, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.studies
    ADD CONSTRAINT studies_pkey PRIMARY KEY (study_id);
ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_pkey PRIMARY KEY (study_direction_id);
ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_study_id_objective_key UNIQUE (study_id, objective);
ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_pkey PRIMARY KEY (study_system_attribute_id);
ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_study_id_key_key UNIQUE (study_id, key);
ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_pkey PRIMARY KEY (study_user_attribute_id);
ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_study_id_key_key UNIQUE (study_id, key);
ALTER TABLE ONLY public.studyhall_curves
    ADD CONSTRAINT studyhall_curves_pkey PRIMARY KEY (study, trial, epoch);
ALTER TABLE ONLY public.studyhall_finalist_curves
    ADD CONSTRAINT studyhall_finalist_curves_pkey PRIMARY KEY (study, phase, trial, seed, epoch);
ALTER TABLE ONLY public.studyhall_finalists
    ADD CONSTRAINT studyhall_finalists_pkey PRIMARY KEY (study, trial, seed);
ALTER TABLE ONLY public.studyhall_ledger
    ADD CONSTRAINT studyhall_ledger_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.studyhall_schema
    ADD CONSTRAINT studyhall_schema_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.studyhall_snapshots
    ADD CONSTRAINT studyhall_snapshots_pkey PRIMARY KEY (study, run, tick, file, piece);
ALTER TABLE ONLY public.studyhall_studies
    ADD CONSTRAINT studyhall_studies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_pkey PRIMARY KEY (trial_heartbeat_id);
ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_trial_id_key UNIQUE (trial_id);
ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_pkey PRIMARY KEY (trial_intermediate_value_id);
ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_trial_id_step_key UNIQUE (trial_id, step);
ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_pkey PRIMARY KEY (param_id);
ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_trial_id_param_name_key UNIQUE (trial_id, param_name);
ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_pkey PRIMARY KEY (trial_system_attribute_id);
ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_trial_id_key_key UNIQUE (trial_id, key);
ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_pkey PRIMARY KEY (trial_user_attribute_id);
ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_trial_id_key_key UNIQUE (trial_id, key);
ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_pkey PRIMARY KEY (trial_value_id);
ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_trial_id_objective_key UNIQUE (trial_id, objective);
ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_pkey PRIMARY KEY (trial_id);
ALTER TABLE ONLY public.version_info
    ADD CONSTRAINT version_info_pkey PRIMARY KEY (version_info_id);
CREATE UNIQUE INDEX ix_studies_study_name ON public.studies USING btree (study_name);
CREATE INDEX ix_trials_study_id ON public.trials USING btree (study_id);
ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
ALTER TABLE ONLY public.studyhall_curves
    ADD CONSTRAINT studyhall_curves_study_fkey FOREIGN KEY (study) REFERENCES public.studyhall_studies(id);
ALTER TABLE ONLY public.studyhall_finalist_curves
    ADD CONSTRAINT studyhall_finalist_curves_study_fkey FOREIGN KEY (study) REFERENCES public.studyhall_studies(id);
ALTER TABLE ONLY public.studyhall_finalists
    ADD CONSTRAINT studyhall_finalists_ledger_fkey FOREIGN KEY (ledger) REFERENCES public.studyhall_ledger(id);
ALTER TABLE ONLY public.studyhall_finalists
    ADD CONSTRAINT studyhall_finalists_study_fkey FOREIGN KEY (study) REFERENCES public.studyhall_studies(id);
ALTER TABLE ONLY public.studyhall_ledger
    ADD CONSTRAINT studyhall_ledger_study_fkey FOREIGN KEY (study) REFERENCES public.studyhall_studies(id);
ALTER TABLE ONLY public.studyhall_snapshots
    ADD CONSTRAINT studyhall_snapshots_study_fkey FOREIGN KEY (study) REFERENCES public.studyhall_studies(id);
ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
